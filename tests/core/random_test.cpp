#include "core/random.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

// Known answers of the Random123 distribution (kat_vectors, philox4x32-10).
TEST(Philox, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(Philox({0, 0, 0, 0}, {0, 0}),
            (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, IsAPureFunctionOfSeedNameStepAndIndex) {
  const RandomStream stream(7, "router", 3);
  const uint64_t late = stream.Bits(1000);
  stream.Bits(1);
  EXPECT_EQ(stream.Bits(1000), late);
  EXPECT_NE(RandomStream(8, "router", 3).Bits(1000), late);
  EXPECT_NE(RandomStream(7, "data", 3).Bits(1000), late);
  EXPECT_NE(RandomStream(7, "router", 4).Bits(1000), late);
}

TEST(RandomStream, DrawsNormalsWithUnitMoments) {
  const RandomStream stream(1, "normal");
  const int n = 200000;
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < n; ++i) {
    const double x = stream.Normal(i);
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  // Five standard errors of each moment at this n.
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3, 5 * std::sqrt(96.0 / n));
}

TEST(RandomStream, BelowReachesEveryValueAboutEquallyOften) {
  const RandomStream stream(1, "below");
  std::array<int, 7> counts = {};
  for (int i = 0; i < 70000; ++i) ++counts[stream.Below(i, 7)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(10000));
}

TEST(Permutation, VisitsEveryPositionOnceAndMovesMost) {
  for (uint64_t size : {1, 2, 3, 5, 64, 1000}) {
    const Permutation permutation(size, 5, "epoch", 2);
    std::set<uint64_t> seen;
    uint64_t fixed = 0;
    for (uint64_t i = 0; i < size; ++i) {
      seen.insert(permutation.At(i));
      fixed += permutation.At(i) == i;
    }
    EXPECT_EQ(seen.size(), size);
    EXPECT_EQ(*seen.rbegin(), size - 1);
    if (size == 1000) {
      EXPECT_LT(fixed, 10u);
    }
  }
}

}  // namespace
}  // namespace upcycle
