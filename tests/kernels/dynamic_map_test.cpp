#include "kernels/dynamic_map.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/random.h"
#include "kernels/cpu/nearest_codes.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

TEST(DynamicMap, HasTheEndsThatThePaperHas) {
  EXPECT_EQ(kSignedMap.values[0], -0.99296875f);
  EXPECT_EQ(kSignedMap.values[126], -5.5e-7f);
  EXPECT_EQ(kSignedMap.values[127], 0);
  EXPECT_EQ(kSignedMap.values[128], 5.5e-7f);
  EXPECT_EQ(kSignedMap.values[254], 0.99296875f);
  EXPECT_EQ(kSignedMap.values[255], 1);
  EXPECT_EQ(kUnsignedMap.values[0], 0);
  EXPECT_EQ(kUnsignedMap.values[1], 3.25e-7f);
  EXPECT_EQ(kUnsignedMap.values[2], 7.75e-7f);
  EXPECT_EQ(kUnsignedMap.values[254], 0.996484375f);
  EXPECT_EQ(kUnsignedMap.values[255], 1);
}

class Maps : public testing::TestWithParam<bool> {
 protected:
  const DynamicMap& map() const { return GetParam() ? kSignedMap : kUnsignedMap; }
  const NearestCodes& codes() const { return GetParam() ? kSignedCodes : kUnsignedCodes; }
};

INSTANTIATE_TEST_SUITE_P(, Maps, testing::Bool(), [](const auto& tested) {
  return tested.param ? "WithSign" : "WithoutSign";
});

TEST_P(Maps, AgreeWithTheReference) {
  const std::vector<double> expected = reference::DynamicMapValues(GetParam());
  ASSERT_EQ(expected.size(), 256u);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(map().values[i], expected[i], std::fabs(expected[i]) * 1.2e-7) << i;
  }
}

TEST(UnsignedMap, TakesNothingButZeroForZero) {
  EXPECT_EQ(NearestCode(kUnsignedMap.boundaries, 0), 0);
  EXPECT_EQ(NearestCode(kUnsignedMap.boundaries, std::numeric_limits<float>::denorm_min()), 1);
  EXPECT_EQ(NearestCode(kUnsignedMap.boundaries, kUnsignedMap.values[1]), 1);
}

TEST_P(Maps, RoundToTheNearestAndOfEqualsToTheLowerCode) {
  const int first = GetParam() ? 0 : 1;  // what becomes 0 without a sign is told above
  for (int i = first; i + 1 < kCodes; ++i) {
    const float boundary = map().boundaries[i];
    const double low = map().values[i], high = map().values[i + 1];
    const float above = std::nextafter(boundary, 2.0f);
    EXPECT_LE(boundary - low, high - boundary) << i;
    EXPECT_GT(above - low, high - above) << i;
    EXPECT_EQ(NearestCode(map().boundaries, boundary), i);
    EXPECT_EQ(NearestCode(map().boundaries, above), i + 1);
    EXPECT_EQ(NearestCode(map().boundaries, map().values[i]), i);
  }
  EXPECT_EQ(NearestCode(map().boundaries, 1), 255);
}

// At the ends of all intervals of the table, beside all boundaries, and in between.
TEST_P(Maps, AreLookedUpByTableAsByBisection) {
  const auto expect_equal = [&](float x) {
    ASSERT_EQ(codes().Of(x), NearestCode(map().boundaries, x)) << x;
  };
  for (uint32_t begin = 0; begin <= 0x3f80; ++begin) {
    for (const uint32_t sign : {0u, 0x80000000u}) {
      expect_equal(FloatOfBits(sign | begin << 16));
      if (begin < 0x3f80) expect_equal(FloatOfBits(sign | begin << 16 | 0xffff));
    }
  }
  for (int i = 0; i + 1 < kCodes; ++i) {
    const float boundary = map().boundaries[i];
    for (const float x :
         {std::nextafter(boundary, -1.0f), boundary, std::nextafter(boundary, 1.0f)})
      expect_equal(x);
  }
  const RandomStream random(1, "quotients");
  for (uint64_t i = 0; i < 1000000; ++i) {
    expect_equal(static_cast<float>(2 * random.Uniform(i) - 1));
  }
}

}  // namespace
}  // namespace upcycle
