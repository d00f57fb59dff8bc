#include "results/statistics/e_value.h"

#include "core/random.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

double EValueOf(const Numbers& differences, double g) {
  return EValue(ComparePairs(differences, Numbers(differences.size(), 0.0), 0.95), g);
}

TEST(EValue, IsTheRatioOfItsTwoLikelihoods) {
  // n = 3, t = 3, g = 1: ((1 + 9/2) / (1 + 9/8))^1.5 / 2.
  const double s = std::sqrt(3) / 3;  // deviation 1 around a mean of √3
  const Numbers differences = {3 * s - 1, 3 * s, 3 * s + 1};
  EXPECT_NEAR(EValueOf(differences, 1), std::pow(5.5 / 2.125, 1.5) / 2, 1e-12);
}

TEST(EValue, RarelyEverReachesTwentyWithoutADifference) {
  const RandomStream stream(2, "test/e_value");
  constexpr int kWalks = 2000;
  int reached = 0;
  for (int walk = 0; walk < kWalks; ++walk) {
    Numbers differences;
    double most = 0;
    for (int n = 0; n < 30; ++n) {
      differences.push_back(stream.Normal(static_cast<uint64_t>(walk * 30 + n)));
      if (n > 0) most = std::max(most, EValueOf(differences, 4));
    }
    reached += most >= 20;
  }
  EXPECT_LE(reached / double{kWalks}, 0.05);
  EXPECT_GT(reached, 0);
}

TEST(EValue, SaysNothingWithoutSpread) {
  EXPECT_EQ(EValueOf({1, 1, 1}, 4), 1);
  EXPECT_EQ(EValueOf({1}, 4), 1);
}

}  // namespace
}  // namespace upcycle
