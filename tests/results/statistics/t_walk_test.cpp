#include "results/statistics/t_walk.h"

#include <limits>

#include "results/statistics/student.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Walks to a look that none was stopped before.
TWalk Free(int64_t first, int64_t count) {
  TWalk walk(first);
  while (walk.count() < count) {
    walk.Stop(-kNever, kNever);
    walk.Next();
  }
  return walk;
}

TEST(TWalk, IsStudentsAtEveryLookWhereNothingStopsIt) {
  for (const int64_t count : {3, 4, 5, 7, 12, 20}) {
    const TWalk walk = Free(3, count);
    for (const double p : {0.9, 0.3, 0.05, 1e-3, 1e-6, 1e-9}) {
      const double bound = StudentTwoSidedQuantile(p, static_cast<double>(count - 1));
      TWalk stopped = walk;
      const Stopped sides = stopped.Stop(-bound, bound);
      EXPECT_NEAR(2 * sides.low / p, 1, 1e-8) << count << " " << p;
      EXPECT_NEAR(2 * sides.high / p, 1, 1e-8) << count << " " << p;
    }
  }
}

TEST(TWalk, IsTheSameWalkWhereverItsFirstLookIs) {
  TWalk early = Free(3, 9), late(9);
  EXPECT_NEAR(early.Stop(-2, 1).low, late.Stop(-2, 1).low, 1e-11);
  early.Next();
  late.Next();
  EXPECT_NEAR(early.Stop(-1.5, 2.5).high, late.Stop(-1.5, 2.5).high, 1e-11);
}

TEST(TWalk, LosesNoWalk) {
  TWalk walk(3);
  double sum = 0;
  for (int64_t n = 3; n <= 10; ++n) {
    if (n > 3) walk.Next();
    const Stopped stopped = n < 10 ? walk.Stop(-1.4, 2.2) : walk.Stop(0, 0);
    sum += stopped.low + stopped.high;
  }
  EXPECT_NEAR(sum, 1, 1e-8);
}

TEST(TWalk, IsMirroredByMirroredBounds) {
  TWalk walk(3), mirrored(3);
  walk.Stop(-3, 5);
  mirrored.Stop(-5, 3);
  walk.Next();
  mirrored.Next();
  EXPECT_NEAR(walk.Stop(-2, 4).low, mirrored.Stop(-4, 2).high, 1e-14);
}

}  // namespace
}  // namespace upcycle
