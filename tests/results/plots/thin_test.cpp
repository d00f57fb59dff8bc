#include "results/plots/thin.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

std::vector<Spot> Wave(size_t points) {
  std::vector<Spot> spots;
  for (size_t i = 0; i < points; ++i) {
    const auto x = static_cast<double>(i);
    spots.push_back({x, std::sin(x * 0.7) + x / 1000});
  }
  return spots;
}

TEST(ThinnedPoints, LeavesAFewAsTheyAre) {
  EXPECT_EQ(ThinnedPoints(Wave(3), 1), (std::vector<size_t>{0, 1, 2}));
  EXPECT_TRUE(ThinnedPoints({}, 5).empty());
}

TEST(ThinnedPoints, KeepsEndsAndExtremesOfEachColumn) {
  const std::vector<Spot> spots = {{0, 1}, {1, 5}, {2, 2}, {3, -4}, {4, 1}, {5, 0}};
  EXPECT_EQ(ThinnedPoints(spots, 1), (std::vector<size_t>{0, 1, 3, 5}));
}

TEST(ThinnedPoints, LeavesFourAColumnAndNoPeakOut) {
  std::vector<Spot> spots = Wave(100000);
  spots[77777].y = 1e6;
  spots[12345].y = -1e6;
  const std::vector<size_t> kept = ThinnedPoints(spots, 100);
  EXPECT_LE(kept.size(), 400u);
  EXPECT_TRUE(std::ranges::is_sorted(kept));
  EXPECT_TRUE(std::ranges::binary_search(kept, size_t{77777}));
  EXPECT_TRUE(std::ranges::binary_search(kept, size_t{12345}));
  EXPECT_EQ(kept.front(), 0u);
  EXPECT_EQ(kept.back(), spots.size() - 1);
}

TEST(ThinnedPoints, CanTakePointsThatAllHaveOneX) {
  const std::vector<Spot> spots(50, Spot{3, 4});
  EXPECT_EQ(ThinnedPoints(spots, 10), (std::vector<size_t>{0, 49}));
}

TEST(Thinned, ABandKeepsTheExtremesOfBothEdges) {
  Band band;
  for (int i = 0; i < 10000; ++i) band.spots.push_back({double(i), -1, 1});
  band.spots[5001].lower = -9;
  band.spots[5002].upper = 9;
  const Band thin = Thinned(band, 10);
  EXPECT_LE(thin.spots.size(), 80u);
  EXPECT_TRUE(std::ranges::any_of(thin.spots, [](const BandSpot& s) { return s.lower == -9; }));
  EXPECT_TRUE(std::ranges::any_of(thin.spots, [](const BandSpot& s) { return s.upper == 9; }));
}

}  // namespace
}  // namespace upcycle
