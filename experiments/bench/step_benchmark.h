// How fast a training step is, for `upcycle bench`.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "experiments/model/architecture.h"
#include "experiments/run/trainer.h"
#include "kernels/backend.h"

namespace upcycle {

struct StepRate {
  double tokens_per_second = 0;
  double gflops = 0;  // of arithmetic really done, 1e9 a second
};

// FLOPs of one token's training step as the trainer executes them: 2 for a multiply-add, backward
// twice forward, and of attention's scores the causal half alone (the cost model of core/recipe
// counts them in full, as the literature does). Experts compute `served_share` of the top-k rows of
// a token; rows that pad a capacity are not counted.
double ExecutedFlopsPerToken(const Architecture& architecture, int64_t length,
                             double served_share = 1);

// kZipf: token k of V with probability proportional to 1 / (k + 1), about as words of a language
// are (Zipf 1949).
enum class TokenDraw { kUniform, kZipf };

// What such a training takes, without making one.
MemoryBytes PlanBenchmarkTraining(const Architecture& architecture, int64_t sequences,
                                  DataType activation_type, bool on_gpu);

// A training on random tokens, with fresh weights, of which experts of a layer are copies of one
// another, as they are where an upcycled model starts.
class BenchmarkTraining {
 public:
  BenchmarkTraining(Backend& backend, const Architecture& architecture, int64_t sequences,
                    TokenDraw draw = TokenDraw::kUniform);
  // With batches and a model held as a training has them; documents are not masked.
  BenchmarkTraining(Backend& backend, const Architecture& architecture, const ModelBuild& build,
                    const TrainSettings& settings, TokenDraw draw);

  StepReport Step() { return trainer_->Step(); }
  int64_t batch_tokens() const { return batch_tokens_; }
  const Trainer& trainer() const { return *trainer_; }
  const std::vector<int32_t>& drawn_tokens() const { return drawn_; }

 private:
  void FillWeights(Backend& backend);
  void DrawTokens(TokenDraw draw, int64_t vocabulary);

  int64_t batch_tokens_;
  std::vector<int32_t> drawn_;  // batches are cut from it
  Transformer model_;
  std::unique_ptr<Trainer> trainer_;
};

struct StepTimes {
  double median_seconds = 0;
  int64_t steps = 0;
};

// Whole steps, after warm-up, for at least `seconds` and five steps. A step ends with a read by the
// host, so that its clock sees all of the step.
StepTimes TimeSteps(BenchmarkTraining& training, double seconds);

// The median over whole training steps on random tokens, after warm-up, for at least `seconds`.
StepRate MeasureStep(Backend& backend, const Architecture& architecture, int64_t sequences,
                     double seconds);

}  // namespace upcycle
