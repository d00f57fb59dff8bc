// Which token comes next, drawn from a model's logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace upcycle {

struct SamplingSettings {
  double temperature = 0;  // 0: the most likely token always
  int64_t top_k = 0;       // of so many most likely ones; 0: of all
  double top_p = 1;        // of the fewest whose probability is at least this
  uint64_t seed = 0;
};

class Sampler {
 public:
  // Throws Error(kInput) for a temperature that is negative or not finite, a negative top_k, and a
  // top_p outside (0, 1].
  explicit Sampler(const SamplingSettings& settings);

  // The token at `position` of a text: a function of settings, logits and position alone.
  // Probabilities are those of logits over the temperature, cut to top_k, and these cut to top_p;
  // of equal logits the smaller token counts as the more likely one. Throws Error(kDiverged) where
  // a logit is no number, or none is finite.
  int32_t Next(std::span<const float> logits, int64_t position);

 private:
  // Puts the candidates in order_, the most likely first where that matters.
  void Choose(std::span<const float> logits);
  // Their probabilities, as shares of the first's; the sum is returned.
  double Weigh(std::span<const float> logits);

  SamplingSettings settings_;
  std::vector<int32_t> order_;
  std::vector<double> weights_;  // of order_
};

}  // namespace upcycle
