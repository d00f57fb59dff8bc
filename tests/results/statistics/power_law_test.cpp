#include "results/statistics/power_law.h"

#include "core/random.h"
#include "results/statistics/student.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

using Points = std::vector<ScalingPoint>;

void ExpectNear(double actual, const GoldenJson& golden, const std::string& key) {
  EXPECT_NEAR(actual / golden.at(key).get<double>(), 1, 1e-6) << key << golden.at("name");
}

TEST(PowerLaw, IsThatOfScipysLeastSquares) {
  for (const GoldenJson& golden : GoldenCases("power_law")) {
    const Numbers x = golden.at("x"), loss = golden.at("loss");
    Points points;
    for (size_t i = 0; i < x.size(); ++i) points.push_back({x[i], loss[i]});
    const PowerLaw law = FitPowerLaw(points, golden.at("level"));
    EXPECT_EQ(law.problem, "");
    ExpectNear(law.floor, golden, "floor");
    ExpectNear(law.scale, golden, "scale");
    ExpectNear(law.exponent, golden, "exponent");
    ExpectNear(law.residual, golden, "residual");
    ExpectNear(law.floor_interval.low, golden, "floor_low");
    ExpectNear(law.floor_interval.high, golden, "floor_high");
    ExpectNear(law.exponent_interval.low, golden, "exponent_low");
    ExpectNear(law.exponent_interval.high, golden, "exponent_high");
  }
}

Points OnTheLaw(double floor, double scale, double exponent, double step, int count) {
  Points points;
  for (int i = 0; i < count; ++i) {
    const double x = std::pow(step, i);
    points.push_back({x, floor + scale * std::pow(x, -exponent)});
  }
  return points;
}

TEST(PowerLaw, FindsALawWithoutNoiseAndExtrapolatesIt) {
  const PowerLaw law = FitPowerLaw(OnTheLaw(1.69, 2.5, 0.28, 10, 6));
  EXPECT_NEAR(law.floor, 1.69, 1e-8);
  EXPECT_NEAR(law.scale, 2.5, 1e-8);
  EXPECT_NEAR(law.exponent, 0.28, 1e-8);
  EXPECT_NEAR(law.At(1e8), 1.69 + 2.5 * std::pow(1e8, -0.28), 1e-8);
}

TEST(PowerLaw, HasAFloorOfZeroWhereNoneIsBetter) {
  Points points = OnTheLaw(0, 5, 0.3, 10, 5);
  points.back().loss *= 0.99;  // falls faster than the law: only a negative floor would do
  const PowerLaw law = FitPowerLaw(points);
  EXPECT_EQ(law.floor, 0);
  EXPECT_EQ(law.floor_interval.low, 0);
  EXPECT_NEAR(law.exponent, 0.3, 0.01);
}

TEST(PowerLaw, IntervalsHoldTheTruthAsOftenAsTheySay) {
  const RandomStream stream(9, "test/power_law");
  constexpr int kFits = 300;
  uint64_t next = 0;
  int exponents = 0, floors = 0, values = 0;
  const double within = std::pow(3, 4.5), truth = 2 + 3 * std::pow(within, -0.4);
  for (int fit = 0; fit < kFits; ++fit) {
    Points points = OnTheLaw(2, 3, 0.4, 3, 9);
    for (ScalingPoint& point : points) point.loss *= 1 + 0.003 * stream.Normal(next++);
    const PowerLaw law = FitPowerLaw(points);
    exponents += law.exponent_interval.low <= 0.4 && law.exponent_interval.high >= 0.4;
    floors += law.floor_interval.low <= 2 && law.floor_interval.high >= 2;
    const ParameterInterval band = LawBand(points, law, Numbers{within})[0];
    values += band.low <= truth && band.high >= truth;
  }
  const double allowed = 4 * std::sqrt(0.95 * 0.05 / kFits);
  EXPECT_NEAR(exponents / double{kFits}, 0.95, allowed);
  EXPECT_NEAR(floors / double{kFits}, 0.95, allowed);
  EXPECT_NEAR(values / double{kFits}, 0.95, allowed);
}

// Of floors and exponents on a fine grid, with every scale that the limit leaves.
ParameterInterval SearchedBand(const Points& points, const PowerLaw& law, double limit, double x) {
  constexpr int kSteps = 500;
  ParameterInterval found = {law.At(x), law.At(x)};
  for (int i = 0; i <= kSteps; ++i) {
    const ParameterInterval& ends = law.exponent_interval;
    const double exponent = ends.low + (ends.high - ends.low) * i / kSteps;
    for (int j = 0; j <= kSteps; ++j) {
      const double floor = 1.2 * law.floor_interval.high * j / kSteps;
      double zz = 0, zr = 0, rr = 0;
      for (const ScalingPoint& point : points) {
        const double z = std::pow(point.x, -exponent) / point.loss, r = 1 - floor / point.loss;
        zz += z * z, zr += z * r, rr += r * r;
      }
      const double room = limit - (rr - zr * zr / zz);
      if (room < 0) continue;
      for (const double side : {-1, 1}) {
        const double scale = zr / zz + side * std::sqrt(room / zz);
        if (scale < 0) continue;
        const double value = floor + scale * std::pow(x, -exponent);
        found = {std::min(found.low, value), std::max(found.high, value)};
      }
    }
  }
  return found;
}

TEST(PowerLaw, BandHoldsExactlyTheLawsWithinTheLimit) {
  Points with_floor = OnTheLaw(2, 3, 0.4, 3, 7), without = OnTheLaw(0.02, 5, 0.3, 4, 6);
  for (size_t i = 0; i < 6; ++i) {
    with_floor[i].loss *= 1 + 0.002 * (i % 3 == 0 ? 1.0 : -0.7);
    without[i].loss *= 1 + 0.003 * (i % 2 == 0 ? 1.0 : -1.0);
  }
  for (const Points& points : {with_floor, without}) {
    const PowerLaw law = FitPowerLaw(points);
    ASSERT_EQ(law.problem, "");
    const double degrees = static_cast<double>(points.size()) - 3;
    const double t = StudentQuantile(0.975, degrees);  // F of 1 and n - 3 is its square
    const double limit = law.residual * law.residual * (degrees + t * t);
    for (const double x : {1.0, 20.0, 700.0}) {
      const ParameterInterval band = LawBand(points, law, Numbers{x})[0];
      const ParameterInterval searched = SearchedBand(points, law, limit, x);
      const double width = band.high - band.low;
      EXPECT_LE(band.low, searched.low + 1e-4 * width) << x;
      EXPECT_GE(band.high, searched.high - 1e-4 * width) << x;
      EXPECT_NEAR(band.low, searched.low, 0.01 * width) << x;
      EXPECT_NEAR(band.high, searched.high, 0.01 * width) << x;
    }
  }
}

TEST(PowerLaw, NeedsFourPlaces) {
  const PowerLaw law = FitPowerLaw(Points{{1, 3}, {10, 2.5}, {10, 2.6}, {100, 2.2}});
  EXPECT_EQ(law.problem, "a law of three parameters needs 4 different x, and there are 3");
  EXPECT_TRUE(std::isnan(law.exponent));
}

TEST(PowerLaw, IsNoneWhereTheLossDoesNotFall) {
  EXPECT_EQ(FitPowerLaw(Points{{1, 2}, {10, 2.1}, {100, 2.2}, {1000, 2.4}}).problem,
            "the loss does not fall as x grows");
}

TEST(PowerLaw, SaysThatPointsOverAShortRangeDoNotBoundIt) {
  const PowerLaw law =
      FitPowerLaw(Points{{100, 2.512}, {120, 2.488}, {140, 2.481}, {160, 2.460}, {180, 2.462}});
  EXPECT_EQ(law.problem,
            "the points fit any exponent above 0.013: they are too close together, or most of them "
            "lie on the floor");
  EXPECT_GT(law.exponent, 0);
}

TEST(PowerLaw, SaysWhichEndOfTheExponentIsOpen) {
  Points flat = OnTheLaw(0, 2, 0.006, 10, 8);
  for (size_t i = 0; i < flat.size(); ++i) flat[i].loss += i % 2 == 0 ? 0.02 : -0.02;
  EXPECT_EQ(FitPowerLaw(flat).problem.substr(0, 34), "the points fit any exponent below ");
  const PowerLaw floor =
      FitPowerLaw(Points{{1, 9}, {10, 2.001}, {100, 2}, {1000, 2.001}, {1e4, 2}});
  EXPECT_EQ(floor.problem.substr(0, 34), "the points fit any exponent above ");
}

}  // namespace
}  // namespace upcycle
