// A paired t test that may be looked at after every seed. Of the looks at n = first … most seeds,
// with p_n the t test's p at that look,
//   x = min over looks of p_n / w_n,   w_n = (n / most)³,   p = P(X ≤ x without a difference),
// where X is that minimum over all looks. Since p is the exact distribution function of X (TWalk)
// and can only fall as seeds come, P(p ≤ α at any look) ≤ α: stop whenever p ≤ α, or for any other
// reason. Adjusted by Holm over arms it keeps the error of the whole table, as each arm's p holds
// for itself however the others decide who gets seeds (Maurer and Bretz, "Multiple testing in group
// sequential trials using graphical approaches", Statistics in Biopharmaceutical Research 2013).
//
// To reject at α means p_n ≤ a·w_n at some look with P(X ≤ a) = α: nominal levels as Pocock's
// (Biometrika 1977), which rise with n as O'Brien and Fleming's (Biometrics 1979). The third power
// is chosen by measuring (`upcycle bench --statistics`): of 8 arms with at most 12 seeds it loses
// up to nine points of power to one test at the end, equal levels 28, and it takes at most one seed
// more than they. A mixture of t likelihoods (EValue), which needs no last look, loses 47.
//
// Assumed: differences are independent and about normal, and first, most and the order of seeds
// were fixed before.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <tuple>

namespace upcycle {

struct SequentialPlan {
  int64_t first = 3;    // ≥ 3: two seeds never decide alone
  int64_t most = 12;    // ≥ first
  double exponent = 3;  // of w_n

  double Weight(int64_t count) const;
};

enum class Sides { kOne, kTwo };

// The distribution functions of X. Each value that it is asked for takes about a millisecond a
// look, and is remembered: whoever follows a growing study asks for the same ones after every seed,
// and keeps a table as long as he follows it. For one thread at a time.
class SequentialTable {
 public:
  // P(X ≤ x) without a difference; of one side: X from the one-sided p_n of that side.
  double P(const SequentialPlan& plan, Sides sides, double x);

 private:
  using Key = std::tuple<int64_t, int64_t, double, Sides, double>;

  double WalkedP(const SequentialPlan& plan, Sides sides, double x);

  std::map<Key, double> walked_;
};

struct SequentialTest {
  double p = 1;
  int64_t looks = 0;      // 0: fewer seeds than the first look wants, and p is 1
  int64_t strongest = 0;  // seeds at the look with the smallest p_n / w_n
  double t = 0;           // of that look
};

// Two-sided test of differences in the order of their seeds, at most `most`. A look at which all
// differences are equal says nothing.
SequentialTest TestSequentially(const SequentialPlan& plan, std::span<const double> differences,
                                SequentialTable& table);

// Whether the mean difference lies within ±margin: two one-sided tests (TestEquivalence), each
// sequential; p is the larger.
double SequentialEquivalenceP(const SequentialPlan& plan, std::span<const double> differences,
                              double margin, SequentialTable& table);

// The nominal levels that together have an error of α.
class SequentialBoundary {
 public:
  SequentialBoundary(const SequentialPlan& plan, Sides sides, double level, SequentialTable& table);

  // x at or below which a test rejects: P(X ≤ x) = level.
  double Limit() const { return limit_; }
  // What p_n, of as many sides, must not exceed to reject at this look.
  double NominalLevel(int64_t count) const;

  // Half of an interval of the mean around that of the values so far which holds it at all looks
  // together with probability 1 - level (Jennison and Turnbull, "Interim analyses: the repeated
  // confidence interval approach", Journal of the Royal Statistical Society B 1989). Infinite where
  // the look has a nominal level too small to bound. Of two sides.
  double HalfWidth(int64_t count, double standard_error) const;

 private:
  SequentialPlan plan_;
  Sides sides_;
  double limit_;
};

}  // namespace upcycle
