// Which source the next sample comes from: deterministic, and after any number of samples each
// source has had its weight's share to within one sample.
//
// R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32 (1980): of the sources
// that may be served without getting ahead, the one whose turn would run out first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace upcycle {

class Blend {
 public:
  // Positive and finite weights, at least one.
  explicit Blend(std::span<const double> weights);

  int sources() const { return static_cast<int>(shares_.size()); }
  // The source of sample number sum(drawn), given how often each source was drawn before.
  int Next(std::span<const int64_t> drawn, int64_t sample) const;

 private:
  std::vector<double> shares_;  // sum to 1
  double slack_ = 1;            // 1 - 1 / (2·sources - 2)
};

}  // namespace upcycle
