#include "results/tables/number_text.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

TEST(EstimateText, ShowsTwoDigitsOfTheHalfWidth) {
  EXPECT_EQ(EstimateText(1.357591, 0.002123), "1.3576 ± 0.0021");
  EXPECT_EQ(EstimateText(62.7149, 1.5), "62.7 ± 1.5");
  EXPECT_EQ(EstimateText(62.7149, 15.2), "63 ± 15");
}

TEST(EstimateText, CountsDigitsAfterRoundingTheHalfWidth) {
  EXPECT_EQ(EstimateText(1.23456, 0.0996), "1.23 ± 0.10");
  EXPECT_EQ(EstimateText(1.23456, 0.00999), "1.235 ± 0.010");
}

TEST(EstimateText, ShowsNoMoreDigitsOfTheValueThanAskedFor) {
  EXPECT_EQ(EstimateText(1.357591, 0.002123, {.digits = 4}), "1.358 ± 0.002");
  EXPECT_EQ(EstimateText(1.357591, 0.002123, {.digits = 2}), "1.4 ± 0.002");
  EXPECT_EQ(EstimateText(9.9996, 0.0004, {.digits = 4}), "10.00 ± 0.0004");
  EXPECT_EQ(EstimateText(0, 0.0021, {.digits = 2}), "0.0000 ± 0.0021");
}

TEST(EstimateText, RoundsLargeNumbersToTensAndHundreds) {
  EXPECT_EQ(EstimateText(12345, 678), "12350 ± 680");
}

TEST(EstimateText, WritesTrueMinusSigns) { EXPECT_EQ(EstimateText(-0.5, 0.25), "−0.50 ± 0.25"); }

TEST(EstimateText, SignsDifferencesButNotAZero) {
  EXPECT_EQ(EstimateText(0.012, 0.003, {.plus = true}), "+0.0120 ± 0.0030");
  EXPECT_EQ(EstimateText(-0.0001, 0.25, {.plus = true}), "0.00 ± 0.25");
}

TEST(EstimateText, TakesACommonPowerOfTenForTheVerySmallAndTheVeryLarge) {
  EXPECT_EQ(EstimateText(1.234e-6, 3.2e-8), "(1.234 ± 0.032)e-6");
  EXPECT_EQ(EstimateText(3.5e9, 1.2e8), "(3.50 ± 0.12)e9");
}

TEST(EstimateText, ShowsFiveDigitsWithoutAHalfWidth) {
  EXPECT_EQ(EstimateText(3.14159265, kMissing), "3.1416");
  EXPECT_EQ(EstimateText(3.14159265, kMissing, {.digits = 3}), "3.14");
  EXPECT_EQ(EstimateText(0.25, kMissing), "0.25");
  EXPECT_EQ(EstimateText(123456, kMissing, {.digits = 4}), "123500");
  EXPECT_EQ(EstimateText(-1.5e-9, kMissing), "−1.5e-9");
}

TEST(BytesText, CountsInPowersOfAThousand) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(999), "999 B");
  EXPECT_EQ(BytesText(41540), "41.54 kB");
  EXPECT_EQ(BytesText(2.654e9), "2.654 GB");
  EXPECT_EQ(BytesText(kMissing), "–");
}

TEST(EstimateText, ShowsADashForWhatIsNotThere) { EXPECT_EQ(EstimateText(kMissing, 1), "–"); }

TEST(EstimateText, ShowsAHalfWidthOfZeroAsZero) { EXPECT_EQ(EstimateText(0.25, 0), "0.25 ± 0"); }

TEST(ProbabilityText, ShowsTwoDigits) {
  EXPECT_EQ(ProbabilityText(0.03125), "0.031");
  EXPECT_EQ(ProbabilityText(0.25), "0.25");
  EXPECT_EQ(ProbabilityText(1), "1.0");
  EXPECT_EQ(ProbabilityText(0.00012), "0.00012");
  EXPECT_EQ(ProbabilityText(0.00001), "<0.0001");
  EXPECT_EQ(ProbabilityText(kMissing), "–");
}

TEST(CountText, ShowsFourDigitsAndAnUnit) {
  EXPECT_EQ(CountText(47.49e9), "47.49B");
  EXPECT_EQ(CountText(1048576), "1.049M");
  EXPECT_EQ(CountText(524288), "524.3k");
  EXPECT_EQ(CountText(512), "512");
  EXPECT_EQ(CountText(999960), "1.000M");
  EXPECT_EQ(CountText(0), "–");
}

TEST(ScientificText, ShowsThreeDigits) {
  EXPECT_EQ(ScientificText(7.513e14), "7.51e14");
  EXPECT_EQ(ScientificText(9.999e14), "1.00e15");
  EXPECT_EQ(ScientificText(0), "–");
}

TEST(ClockText, ShowsHoursWhereThereAreSome) {
  EXPECT_EQ(ClockText(7.4), "0:07");
  EXPECT_EQ(ClockText(3599.4), "59:59");
  EXPECT_EQ(ClockText(3723), "1:02:03");
}

TEST(ClockText, CountsHoursWhereAClockWouldSayNothing) {
  EXPECT_EQ(ClockText(9999999 * 3600.0), "9999999:00:00");
  EXPECT_EQ(ClockText(1.52e14 * 3600), "1.52e14 h");
  EXPECT_EQ(ClockText(1.0 / 0.0), "–");
}

TEST(CountedFlopsText, HasFourDigitsWhereThereAreSoMany) {
  EXPECT_EQ(CountedFlopsText(4.7443e14), "4.744e14");
  EXPECT_EQ(CountedFlopsText(4.7e14), "4.7e14");
  EXPECT_EQ(CountedFlopsText(1e20), "1e20");
  EXPECT_EQ(CountedFlopsText(0), kNotAvailable);
}

TEST(SignedPercentText, SignsWhatIsNotZero) {
  EXPECT_EQ(SignedPercentText(0.0031), "+0.31 %");
  EXPECT_EQ(SignedPercentText(-0.125), "−12.50 %");
  EXPECT_EQ(SignedPercentText(-1e-6), "0.00 %");
}

TEST(Range, ShowsTheDigitsThatItsWidthAllows) {
  EXPECT_EQ(RangeText(-0.018123, -0.010456), "−0.0181 to −0.0105");
  EXPECT_EQ(RangeText(-4.2, 0.43), "−4.2 to 0.4");
  EXPECT_EQ(RangeText(-2e-5, 4e-5), "(−2.0 to 4.0)e-5");
  EXPECT_EQ(RangeText(0.25, 0.25), "0.25 to 0.25");
  EXPECT_EQ(RangeText(0.25, INFINITY), kNotAvailable);
}

}  // namespace
}  // namespace upcycle
