#include "results/statistics/student.h"

#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

TEST(Student, TailsAreScipysDownToTheSmallest) {
  for (const GoldenJson& golden : GoldenCases("student").at("upper")) {
    const double t = golden.at("t"), degrees = golden.at("degrees");
    ExpectNineDigits(StudentUpperP(t, degrees), golden, "p");
    if (t < 0) continue;
    EXPECT_EQ(StudentTwoSidedP(-t, degrees), 2 * StudentUpperP(t, degrees));
  }
}

TEST(Student, QuantilesAreScipysDownToTheSmallest) {
  for (const GoldenJson& golden : GoldenCases("student").at("two_sided_quantile")) {
    const double p = golden.at("p"), degrees = golden.at("degrees");
    ExpectNineDigits(StudentTwoSidedQuantile(p, degrees), golden, "t");
    if (p < 1e-12) continue;  // 1 - p/2 has no digits left
    EXPECT_NEAR(StudentQuantile(1 - p / 2, degrees) / StudentTwoSidedQuantile(p, degrees), 1, 1e-6);
  }
}

}  // namespace
}  // namespace upcycle
