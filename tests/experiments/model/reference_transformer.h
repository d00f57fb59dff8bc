// The whole model a second time: double precision, one plain loop an equation, nothing shared with
// the code it checks but the list of parts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiments/model/architecture.h"
#include "experiments/model/parts.h"

namespace upcycle {

class ReferenceTransformer {
 public:
  explicit ReferenceTransformer(const Architecture& architecture) : architecture_(architecture) {}

  std::vector<double>& Values(const Part& part) { return weights_[PartName(part, architecture_)]; }

  // What the noise of routers depends on beside layer and micro-batch.
  void SeedNoise(uint64_t seed, int64_t step) { noise_seed_ = seed, noise_step_ = step; }

  // Where documents begin in every sequence; empty: each is one document.
  void SetStarts(const std::vector<int32_t>& starts) { starts_ = starts; }

  // Of one batch, in micro-batches of `micro_sequences`: mean token loss plus the weighted router
  // losses, as training minimises it.
  double Objective(const std::vector<int32_t>& tokens, const std::vector<int32_t>& targets,
                   int64_t sequences, int64_t length, int64_t micro_sequences);

  // [sequences · length][V], with this capacity.
  std::vector<std::vector<double>> Logits(const std::vector<int32_t>& tokens, int64_t sequences,
                                          int64_t length, CapacityFactor capacity_factor);

 private:
  using Row = std::vector<double>;
  using Rows = std::vector<Row>;

  // What one layer's router did with one micro-batch, for the losses.
  struct RouterTrace {
    Rows probabilities;
    std::vector<std::vector<int>> chosen;
    Rows weights;  // of the chosen
    Row log_sum_exp;
  };

  Rows Forward(const std::vector<int32_t>& tokens, int64_t sequences, int64_t length,
               CapacityFactor capacity_factor, std::map<int64_t, std::vector<RouterTrace>>* traces);
  // Of micro-batch number `micro_batch` in training; in evaluation it has none.
  RouterTrace Route(const Rows& x, int64_t layer, std::optional<int64_t> micro_batch);
  Rows RouterLogits(const Rows& x, int64_t layer, std::optional<int64_t> micro_batch);
  // What experts are chosen by, from logits and their scores.
  Rows Ranks(const Rows& logits, const Rows& scores, int64_t layer, bool training);
  Rows Embed(const std::vector<int32_t>& tokens, int64_t length);
  Rows Normalise(const Rows& x, const Part& weight, const Part& bias);
  Row Multiply(const Part& part, const Row& x);  // W·x
  Row MultiplyAndAdd(const Part& part, const Part& bias, const Row& x);
  Rows Attend(const Rows& x, int64_t layer, int64_t sequences, int64_t length);
  // Queries or keys of one token, as all its heads side by side.
  Row NormaliseHeads(const Row& heads, const Part& weight);
  Row Rotate(const Row& head, int64_t position) const;
  // Of the document to which this place of a sequence belongs.
  int64_t StartOf(int64_t place) const {
    return starts_.empty() ? 0 : starts_[static_cast<size_t>(place)];
  }
  // What one layer adds to the residual stream, of its second half.
  Rows SecondHalf(const Rows& x, int64_t layer, CapacityFactor capacity_factor,
                  std::map<int64_t, std::vector<RouterTrace>>* traces);
  Row FeedForward(const Row& x, const Part& gate, const Part& up, const Part& down, double weight);
  Rows Experts(const Rows& x, int64_t layer, CapacityFactor capacity_factor,
               const RouterTrace& routed);
  void AddSharedExpert(Rows& out, const Rows& x, int64_t layer);
  double RouterLosses(const std::vector<RouterTrace>& micro_batches, int64_t length) const;

  Architecture architecture_;
  std::map<std::string, std::vector<double>> weights_;
  std::vector<int32_t> starts_;
  uint64_t noise_seed_ = 0;
  int64_t noise_step_ = 0;
};

}  // namespace upcycle
