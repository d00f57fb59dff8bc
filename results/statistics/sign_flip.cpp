#include "results/statistics/sign_flip.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "core/check.h"
#include "core/random.h"

namespace upcycle {
namespace {

constexpr uint64_t kSeed = 0;
constexpr double kRounding = 1e-13;  // of the sum of all sizes

// Σ ± values for each choice of signs; bit i of the index: value i is subtracted.
std::vector<double> SumsOverSigns(std::span<const double> values) {
  std::vector<double> sums(size_t{1} << values.size());
  for (size_t signs = 1; signs < sums.size(); ++signs) {
    sums[signs] = sums[signs & (signs - 1)] - 2 * values[std::countr_zero(signs)];
  }
  double all = 0;
  for (const double value : values) all += value;
  for (double& sum : sums) sum += all;
  return sums;
}

int64_t CountThatReach(std::span<const double> differences, double bound) {
  const size_t half = differences.size() / 2;
  const std::vector<double> front = SumsOverSigns(differences.first(half));
  const std::vector<double> back = SumsOverSigns(differences.subspan(half));
  int64_t count = 0;
  for (const double a : front) {
    for (const double b : back) count += std::fabs(a + b) >= bound;
  }
  return count;
}

double SumOfDraw(std::span<const double> differences, const RandomStream& stream, uint64_t draw) {
  constexpr uint64_t kBits = 64;
  const uint64_t words = (differences.size() + kBits - 1) / kBits;
  double sum = 0;
  uint64_t signs = 0;
  for (size_t i = 0; i < differences.size(); ++i) {
    if (i % kBits == 0) signs = stream.Bits(draw * words + i / kBits);
    sum += signs >> (i % kBits) & 1 ? -differences[i] : differences[i];
  }
  return sum;
}

SignFlip Draw(std::span<const double> differences, double bound, int64_t draws) {
  UPCYCLE_CHECK(draws >= 1);
  const RandomStream stream(kSeed, "statistics/sign_flip");
  int64_t reached = 0;
  for (int64_t draw = 0; draw < draws; ++draw) {
    const double sum = SumOfDraw(differences, stream, static_cast<uint64_t>(draw));
    reached += std::fabs(sum) >= bound;
  }
  const double all = static_cast<double>(draws);
  const double p = static_cast<double>(reached + 1) / (all + 1);
  return {.p = p, .exact = false, .standard_error = std::sqrt(p * (1 - p) / all)};
}

}  // namespace

SignFlip TestSignFlips(std::span<const double> differences, int64_t draws) {
  double sum = 0, sizes = 0;
  for (const double difference : differences) {
    UPCYCLE_CHECK(std::isfinite(difference));
    sum += difference;
    sizes += std::fabs(difference);
  }
  const int64_t pairs = static_cast<int64_t>(differences.size());
  if (pairs == 0) return {.p = std::numeric_limits<double>::quiet_NaN()};
  const double bound = std::fabs(sum) - kRounding * sizes;
  if (pairs > kExactPairs) return Draw(differences, bound, draws);
  const double reached = static_cast<double>(CountThatReach(differences, bound));
  return {.p = std::ldexp(reached, -static_cast<int>(pairs))};
}

double SmallestExactP(int64_t pairs) {
  return std::min(1.0, std::ldexp(2.0, -static_cast<int>(pairs)));
}

}  // namespace upcycle
