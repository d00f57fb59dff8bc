#include "results/statistics/sequential_test.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <boost/math/tools/toms748_solve.hpp>

#include "core/check.h"
#include "results/statistics/equivalence.h"
#include "results/statistics/paired_difference.h"
#include "results/statistics/student.h"
#include "results/statistics/t_walk.h"

namespace upcycle {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// Below, the quadrature has too few digits, and the sum over looks, which is never too small and
// nearly exact there, stands for the probability.
constexpr double kSmallestX = 1e-9;

constexpr size_t kMostRemembered = 10'000;

void CheckPlan(const SequentialPlan& plan) {
  UPCYCLE_CHECK(plan.first >= 3 && plan.most >= plan.first && plan.exponent >= 0);
}

double PassingP(const SequentialPlan& plan, Sides sides, double x) {
  TWalk walk(plan.first);
  double p = 0;
  for (int64_t n = plan.first; n <= plan.most; ++n) {
    if (n > plan.first) walk.Next();
    const double nominal = x * plan.Weight(n), degrees = static_cast<double>(n - 1);
    if (sides == Sides::kTwo) {
      const double bound = StudentTwoSidedQuantile(nominal, degrees);
      const Stopped stopped = walk.Stop(-bound, bound);
      p += stopped.low + stopped.high;
    } else {
      p += walk.Stop(-kInfinite, StudentTwoSidedQuantile(2 * nominal, degrees)).high;
    }
  }
  return p;
}

double SumOfNominalLevels(const SequentialPlan& plan, double x) {
  double sum = 0;
  for (int64_t n = plan.first; n <= plan.most; ++n) sum += x * plan.Weight(n);
  return sum;
}

// The pairs of the first `count` differences.
PairedDifference FirstPairs(std::span<const double> differences, int64_t count) {
  const std::vector<double> zeros(static_cast<size_t>(count), 0.0);
  return ComparePairs(differences.first(static_cast<size_t>(count)), zeros, 0.95);
}

void CheckDifferences(const SequentialPlan& plan, std::span<const double> differences) {
  CheckPlan(plan);
  UPCYCLE_CHECK(static_cast<int64_t>(differences.size()) <= plan.most);
}

}  // namespace

double SequentialPlan::Weight(int64_t count) const {
  return std::pow(static_cast<double>(count) / static_cast<double>(most), exponent);
}

double SequentialTable::WalkedP(const SequentialPlan& plan, Sides sides, double x) {
  const Key key = {plan.first, plan.most, plan.exponent, sides, x};
  if (const auto found = walked_.find(key); found != walked_.end()) return found->second;
  if (walked_.size() >= kMostRemembered) walked_.clear();
  return walked_.emplace(key, PassingP(plan, sides, x)).first->second;
}

double SequentialTable::P(const SequentialPlan& plan, Sides sides, double x) {
  CheckPlan(plan);
  UPCYCLE_CHECK(x >= 0);
  // The levels rise with n: the last look's reaches what every walk is below first.
  const double certain = sides == Sides::kTwo ? 1 : 0.5;
  if (x >= certain) return 1;
  const double sum = SumOfNominalLevels(plan, x);
  if (x < kSmallestX) return std::min(sum, WalkedP(plan, sides, kSmallestX));
  return std::min({1.0, sum, WalkedP(plan, sides, x)});
}

SequentialTest TestSequentially(const SequentialPlan& plan, std::span<const double> differences,
                                SequentialTable& table) {
  CheckDifferences(plan, differences);
  SequentialTest test;
  double least = kInfinite;
  for (int64_t n = plan.first; n <= static_cast<int64_t>(differences.size()); ++n) {
    ++test.looks;
    const PairedDifference pairs = FirstPairs(differences, n);
    if (pairs.spread != Spread::kPresent || pairs.p / plan.Weight(n) >= least) continue;
    least = pairs.p / plan.Weight(n);
    test.strongest = n;
    test.t = pairs.t;
  }
  test.p = table.P(plan, Sides::kTwo, least);
  return test;
}

double SequentialEquivalenceP(const SequentialPlan& plan, std::span<const double> differences,
                              double margin, SequentialTable& table) {
  CheckDifferences(plan, differences);
  double above = kInfinite, below = kInfinite;
  for (int64_t n = plan.first; n <= static_cast<int64_t>(differences.size()); ++n) {
    const Equivalence test = TestEquivalence(FirstPairs(differences, n), margin);
    if (std::isnan(test.p)) continue;
    above = std::min(above, test.p_above_low / plan.Weight(n));
    below = std::min(below, test.p_below_high / plan.Weight(n));
  }
  return table.P(plan, Sides::kOne, std::max(above, below));
}

SequentialBoundary::SequentialBoundary(const SequentialPlan& plan, Sides sides, double level,
                                       SequentialTable& table)
    : plan_(plan), sides_(sides) {
  CheckPlan(plan);
  UPCYCLE_CHECK(level > 1e-8 && level < (sides == Sides::kTwo ? 1 : 0.5));
  // By the sum over looks a smaller x has less error than the level; a larger one than itself.
  const double low = level / SumOfNominalLevels(plan, 1);
  std::uintmax_t steps = 60;
  const auto excess = [&](double x) { return table.P(plan, sides, x) / level - 1; };
  const boost::math::tools::eps_tolerance<double> tolerance(30);
  const auto [from, to] = boost::math::tools::toms748_solve(
      excess, std::min(low, level) * 0.999, std::min(sides == Sides::kTwo ? 1 : 0.5, level * 1.001),
      tolerance, steps);
  limit_ = from;
}

double SequentialBoundary::NominalLevel(int64_t count) const {
  UPCYCLE_CHECK(count >= plan_.first && count <= plan_.most);
  return limit_ * plan_.Weight(count);
}

double SequentialBoundary::HalfWidth(int64_t count, double standard_error) const {
  UPCYCLE_CHECK(sides_ == Sides::kTwo);
  return StudentTwoSidedQuantile(NominalLevel(count), static_cast<double>(count - 1)) *
         standard_error;
}

}  // namespace upcycle
