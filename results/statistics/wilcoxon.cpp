#include "results/statistics/wilcoxon.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/check.h"

namespace upcycle {
namespace {

// Twice the rank of each difference, which ties leave whole; and Σ t³ - t over groups of ties.
struct Ranking {
  std::vector<int64_t> doubled;
  double ties = 0;
};

// `sorted` by size.
Ranking Rank(const std::vector<double>& sorted) {
  Ranking ranking;
  const int64_t count = static_cast<int64_t>(sorted.size());
  for (int64_t begin = 0, end = 0; begin < count; begin = end) {
    while (end < count && std::fabs(sorted[end]) == std::fabs(sorted[begin])) ++end;
    // Places begin + 1 to end share their mean.
    for (int64_t i = begin; i < end; ++i) ranking.doubled.push_back(begin + 1 + end);
    const double group = static_cast<double>(end - begin);
    ranking.ties += group * group * group - group;
  }
  return ranking;
}

// Twice the smaller tail, over all choices of signs. Counts stay below 2⁵³ and so exact.
double ExactP(const std::vector<int64_t>& doubled, int64_t smaller) {
  std::vector<double> ways = {1};  // ways[s]: choices whose positive doubled ranks sum to s
  for (const int64_t rank : doubled) {
    ways.resize(ways.size() + static_cast<size_t>(rank), 0);
    for (size_t sum = ways.size() - 1; sum >= static_cast<size_t>(rank); --sum) {
      ways[sum] += ways[sum - static_cast<size_t>(rank)];
    }
  }
  double tail = 0;
  for (int64_t sum = 0; sum <= smaller; ++sum) tail += ways[static_cast<size_t>(sum)];
  return std::min(1.0, std::ldexp(tail, 1 - static_cast<int>(doubled.size())));
}

double NormalP(double positive, double count, double ties) {
  const double mean = count * (count + 1) / 4;
  const double variance = (count * (count + 1) * (2 * count + 1) - ties / 2) / 24;
  return std::erfc(std::fabs(positive - mean) / std::sqrt(2 * variance));
}

}  // namespace

SignedRanks TestSignedRanks(std::span<const double> differences) {
  std::vector<double> sorted;
  for (const double difference : differences) {
    UPCYCLE_CHECK(std::isfinite(difference));
    if (difference != 0) sorted.push_back(difference);
  }
  std::ranges::sort(sorted, {}, [](double value) { return std::fabs(value); });
  const Ranking ranking = Rank(sorted);
  int64_t positive = 0, all = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    all += ranking.doubled[i];
    if (sorted[i] > 0) positive += ranking.doubled[i];
  }
  const int64_t count = static_cast<int64_t>(sorted.size());
  SignedRanks result = {.positive = static_cast<double>(positive) / 2,
                        .negative = static_cast<double>(all - positive) / 2,
                        .count = count,
                        .exact = count <= kExactRanks,
                        .p = std::numeric_limits<double>::quiet_NaN()};
  if (count == 0) return result;
  result.p = result.exact ? ExactP(ranking.doubled, std::min(positive, all - positive))
                          : NormalP(result.positive, static_cast<double>(count), ranking.ties);
  return result;
}

}  // namespace upcycle
