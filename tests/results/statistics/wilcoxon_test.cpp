#include "results/statistics/wilcoxon.h"

#include "results/statistics/sign_flip.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(Wilcoxon, GivesScipysRankSumsAndProbabilities) {
  for (const GoldenJson& golden : GoldenCases("wilcoxon")) {
    const SignedRanks test = TestSignedRanks(golden.at("differences").get<Numbers>());
    ExpectNineDigits(test.positive, golden, "positive");
    ExpectNineDigits(test.p, golden, "p");
    EXPECT_EQ(test.exact, test.count <= kExactRanks);
  }
}

TEST(Wilcoxon, LeavesZerosOut) {
  const SignedRanks with = TestSignedRanks(Numbers{0, 1, -2, 3, 0});
  const SignedRanks without = TestSignedRanks(Numbers{1, -2, 3});
  EXPECT_EQ(with.count, 3);
  EXPECT_EQ(with.p, without.p);
  EXPECT_TRUE(std::isnan(TestSignedRanks(Numbers{0, 0}).p));
}

TEST(Wilcoxon, OfEqualSizesIsTheSignTest) {
  // Five of six signs positive: 2 · (6 + 1) / 64.
  EXPECT_EQ(TestSignedRanks(Numbers{1, 1, 1, 1, 1, -1}).p, 14.0 / 64);
}

TEST(Wilcoxon, CannotGoBelowTwoOverTwoToTheN) {
  EXPECT_EQ(TestSignedRanks(Numbers{1, 2, 3, 4, 5}).p, SmallestExactP(5));
}

}  // namespace
}  // namespace upcycle
