#include "results/statistics/sign_flip.h"

#include "core/random.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(SignFlip, AgreesWithScipysPermutationTest) {
  for (const GoldenJson& golden : GoldenCases("sign_flip")) {
    const SignFlip test = TestSignFlips(golden.at("differences").get<Numbers>());
    EXPECT_TRUE(test.exact);
    ExpectNineDigits(test.p, golden, "p");
  }
}

TEST(SignFlip, CannotGoBelowTwoOverTwoToTheN) {
  EXPECT_EQ(TestSignFlips(Numbers{1, 2, 3}).p, 0.25);
  EXPECT_EQ(TestSignFlips(Numbers{1, 2, 3, 4, 5, 6}).p, SmallestExactP(6));
  EXPECT_EQ(TestSignFlips(Numbers(20, 0.1)).p, SmallestExactP(20));
  EXPECT_EQ(SmallestExactP(3), 0.25);
  EXPECT_EQ(SmallestExactP(0), 1);
}

TEST(SignFlip, CountsSumsThatDifferByRoundingAsEqual) {
  // +0.1 +0.2 -0.3 and its mirror are the only choices of size 0 beside the observed 0.
  EXPECT_EQ(TestSignFlips(Numbers{0.1, 0.2, -0.3}).p, 1);
  EXPECT_EQ(TestSignFlips(Numbers{0.1, 0.1, 0.1, -0.3}).p, 1);
}

TEST(SignFlip, HasPOneForZerosAndNoneForNothing) {
  EXPECT_EQ(TestSignFlips(Numbers{0, 0, 0}).p, 1);
  EXPECT_TRUE(std::isnan(TestSignFlips({}).p));
}

TEST(SignFlip, DrawsBeyondTwentyPairsWithinItsStatedErrorOfTheExactP) {
  // 21 differences of which one is 0: the exact p is that of the twenty.
  const RandomStream stream(11, "test/sign_flip");
  Numbers differences;
  for (uint64_t i = 0; i < 20; ++i) differences.push_back(0.4 + stream.Normal(i));
  const SignFlip exact = TestSignFlips(differences);
  differences.push_back(0);
  const SignFlip drawn = TestSignFlips(differences);
  EXPECT_TRUE(exact.exact);
  EXPECT_FALSE(drawn.exact);
  ASSERT_GT(drawn.standard_error, 0);
  EXPECT_LT(std::fabs(drawn.p - exact.p), 4 * drawn.standard_error);
  EXPECT_EQ(TestSignFlips(differences).p, drawn.p);
}

TEST(SignFlip, NeverDrawsAPOfZero) {
  const SignFlip test = TestSignFlips(Numbers(100, 1.0), 999);
  EXPECT_EQ(test.p, 0.001);
}

}  // namespace
}  // namespace upcycle
