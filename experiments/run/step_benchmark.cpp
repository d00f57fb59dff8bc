#include "experiments/run/step_benchmark.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/random.h"
#include "core/stopwatch.h"
#include "experiments/run/trainer.h"

namespace upcycle {
namespace {

constexpr int kWarmupSteps = 2;
constexpr int kLeastSteps = 5;

// Weights of one layer that a token meets in a multiplication.
double ActiveWeights(const Architecture& architecture, int64_t layer) {
  const AttentionShape attention = architecture.Attention(1, 1);
  const double width = static_cast<double>(architecture.model.width);
  const double projections =
      width * static_cast<double>(attention.fused_width() + attention.query_width());
  const double matrices = architecture.Gated() ? 3 : 2;
  if (!architecture.LayerHasExperts(layer)) {
    return projections + matrices * width * static_cast<double>(architecture.model.ffn_width);
  }
  const MoeSettings& moe = architecture.moe;
  return projections + width * static_cast<double>(moe.Experts()) +
         matrices * width * static_cast<double>(moe.top_k * architecture.ExpertWidth());
}

}  // namespace

double ExecutedFlopsPerToken(const Architecture& architecture, int64_t length) {
  double multiply_adds =
      static_cast<double>(architecture.vocabulary) * static_cast<double>(architecture.model.width);
  // Scores and their product with the values, over (length + 1) / 2 positions on average.
  const double attended = static_cast<double>(length + 1) / 2;
  const double query_width = static_cast<double>(architecture.Attention(1, 1).query_width());
  for (int64_t layer = 0; layer < architecture.model.layers; ++layer) {
    multiply_adds += ActiveWeights(architecture, layer) + 2 * attended * query_width;
  }
  return 2 * multiply_adds * 3;
}

StepRate MeasureStep(Backend& backend, const Architecture& architecture, int64_t sequences,
                     double seconds) {
  const int64_t length = architecture.model.sequence_length;
  const int64_t batch_tokens = sequences * length;
  Transformer model(backend, architecture, {{sequences, length, 1}, Purpose::kTrain});
  model.parameters().Initialize(backend, 1);
  TrainSettings settings;
  settings.batch_sequences = sequences;
  const RandomStream stream(1, "benchmark");
  const auto fill = [&](int64_t first, int64_t, std::span<int32_t> tokens,
                        std::span<int32_t> targets) {
    const auto draw = [&](size_t i) {
      return static_cast<int32_t>(stream.Below(static_cast<uint64_t>(first * length) + i,
                                               static_cast<uint64_t>(architecture.vocabulary)));
    };
    for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = draw(i);
    for (size_t i = 0; i < targets.size(); ++i) targets[i] = draw(i + 1);
  };
  const int64_t endless = std::numeric_limits<int64_t>::max() / batch_tokens;
  Trainer trainer(model, settings, Schedule(settings.learning_rate, 1000000, 0), endless, 1, fill);

  for (int i = 0; i < kWarmupSteps; ++i) trainer.Step();
  std::vector<double> step_seconds;
  const Stopwatch all;
  while (static_cast<int>(step_seconds.size()) < kLeastSteps || all.Seconds() < seconds) {
    const Stopwatch step;
    trainer.Step();
    step_seconds.push_back(step.Seconds());
  }
  const auto middle = step_seconds.begin() + static_cast<int64_t>(step_seconds.size() / 2);
  std::nth_element(step_seconds.begin(), middle, step_seconds.end());
  StepRate rate;
  rate.tokens_per_second = static_cast<double>(batch_tokens) / *middle;
  rate.gflops = rate.tokens_per_second * ExecutedFlopsPerToken(architecture, length) / 1e9;
  return rate;
}

}  // namespace upcycle
