#include "results/statistics/sequential_test.h"

#include <limits>

#include "core/random.h"
#include "results/statistics/equivalence.h"
#include "results/statistics/paired_difference.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

const Numbers kTwelve = {-0.9, -1.3, -0.2, -1.8, 0.4, -1.1, -0.6, -2.2, -0.3, -1.0, -0.7, -1.5};

Numbers First(size_t count) { return {kTwelve.begin(), kTwelve.begin() + count}; }

TEST(SequentialTest, AgreesWithAnIntegralOverTwoLooks) {
  SequentialTable table;
  for (const GoldenJson& golden : GoldenCases("sequential")) {
    const SequentialPlan plan = {golden.at("first"), golden.at("most"), golden.at("exponent")};
    const Sides sides = golden.at("sides") == 1 ? Sides::kOne : Sides::kTwo;
    const double p = table.P(plan, sides, golden.at("x"));
    EXPECT_NEAR(p / golden.at("p").get<double>(), 1, 1e-8) << golden.dump();
  }
}

TEST(SequentialTest, WithOneLookIsTheTTest) {
  SequentialTable table;
  const SequentialPlan plan = {.first = 6, .most = 6};
  const PairedDifference pairs = ComparePairs(First(6), Numbers(6, 0.0), 0.95);
  const SequentialTest test = TestSequentially(plan, First(6), table);
  EXPECT_NEAR(test.p, pairs.p, 1e-10);
  EXPECT_EQ(test.t, pairs.t);
  EXPECT_NEAR(SequentialEquivalenceP(plan, First(6), 2, table), TestEquivalence(pairs, 2).p, 1e-10);
}

TEST(SequentialTest, FalseAlarmsOfManyWalksAreAsManyAsItSays) {
  SequentialTable table;
  const SequentialPlan plan;
  const SequentialBoundary boundary(plan, Sides::kTwo, 0.05, table);
  const RandomStream stream(1, "test/sequential");
  constexpr int kWalks = 40'000;
  uint64_t next = 0;
  int alarms = 0;
  for (int walk = 0; walk < kWalks; ++walk) {
    double sum = 0, squares = 0;
    bool alarm = false;
    for (int64_t n = 1; n <= plan.most; ++n) {
      const double value = stream.Normal(next++);
      sum += value;
      squares += value * value;
      if (n < plan.first) continue;
      const double count = static_cast<double>(n);
      const double error = std::sqrt((squares - sum * sum / count) / (count - 1) / count);
      alarm = alarm || std::fabs(sum / count) >= boundary.HalfWidth(n, error);
    }
    alarms += alarm;
  }
  EXPECT_NEAR(alarms / double{kWalks}, 0.05, 4 * std::sqrt(0.05 * 0.95 / kWalks));
}

TEST(SequentialTest, PNeverRisesAsSeedsCome) {
  SequentialTable table;
  double before = 1;
  for (size_t count = 0; count <= 12; ++count) {
    const double p = TestSequentially({}, First(count), table).p;
    EXPECT_LE(p, before) << count;
    before = p;
  }
  EXPECT_LT(before, 0.01);
}

TEST(SequentialTest, SaysNothingBeforeTheFirstLook) {
  SequentialTable table;
  const SequentialTest test = TestSequentially({}, First(2), table);
  EXPECT_EQ(test.p, 1);
  EXPECT_EQ(test.looks, 0);
}

TEST(SequentialTest, PIsMonotoneFromTheSmallestToOne) {
  SequentialTable table;
  double before = 0;
  for (const double x : {0.0, 1e-300, 1e-12, 0.999e-9, 1.001e-9, 1e-6, 1e-3, 0.1, 0.7, 1.0, 60.0}) {
    const double p = table.P({}, Sides::kTwo, x);
    EXPECT_GE(p, before) << x;
    EXPECT_GE(p, std::min(1.0, x)) << x;
    before = p;
  }
  EXPECT_EQ(before, 1);
  EXPECT_EQ(table.P({}, Sides::kTwo, 0), 0);
}

TEST(SequentialTest, BoundaryIsWhereItsTestRejects) {
  SequentialTable table;
  for (const double level : {0.05, 0.05 / 7, 0.01}) {
    const SequentialBoundary boundary({}, Sides::kTwo, level, table);
    EXPECT_NEAR(table.P({}, Sides::kTwo, boundary.Limit()), level, 1e-8 * level);
    EXPECT_EQ(boundary.NominalLevel(12), boundary.Limit());
    EXPECT_NEAR(boundary.NominalLevel(3), boundary.Limit() / 64, 1e-15);
  }
}

TEST(SequentialTest, TakesALookWithoutSpreadForNone) {
  SequentialTable table;
  const SequentialTest test = TestSequentially({}, Numbers{-0.5, -0.5, -0.5, -0.4}, table);
  EXPECT_EQ(test.looks, 2);
  EXPECT_EQ(test.strongest, 4);
  EXPECT_EQ(TestSequentially({}, Numbers{-0.5, -0.5, -0.5}, table).p, 1);
}

TEST(SequentialTest, EquivalenceWithinNothingIsNotShownAndWithinMuchIs) {
  SequentialTable table;
  EXPECT_GT(SequentialEquivalenceP({}, kTwelve, 0.1, table), 0.99);
  EXPECT_LT(SequentialEquivalenceP({}, kTwelve, 10, table), 1e-6);
}

}  // namespace
}  // namespace upcycle
