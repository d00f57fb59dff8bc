#include "core/checkpoints/elements.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<std::byte> BytesOfHalf(uint16_t bits) {
  std::vector<std::byte> bytes(sizeof bits);
  std::memcpy(bytes.data(), &bits, sizeof bits);
  return bytes;
}

float Widened(uint16_t half) {
  float value = 0;
  WidenElements({&value, 1}, BytesOfHalf(half), SafetensorsType::kF16);
  return value;
}

uint16_t Narrowed(float value) {
  uint16_t half = 0;
  NarrowElements(std::as_writable_bytes(std::span(&half, 1)), {&value, 1}, SafetensorsType::kF16);
  return half;
}

// What the 16 bits stand for by the definition of binary16, in double.
double MeaningOf(uint16_t half) {
  const int exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Elements, OfF16AreWhatTheirBitsMean) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    if ((half & 0x7c00) == 0x7c00) continue;
    EXPECT_EQ(Widened(half), MeaningOf(half)) << bits;
    EXPECT_EQ(std::signbit(Widened(half)), (half & 0x8000) != 0) << bits;
  }
  EXPECT_EQ(Widened(0x7c00), kInfinity);
  EXPECT_EQ(Widened(0xfc00), -kInfinity);
  EXPECT_TRUE(std::isnan(Widened(0x7e01)));
}

TEST(Elements, OfF16ComeBackAsTheyWere) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const bool is_nan = (half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0;
    if (is_nan) continue;
    EXPECT_EQ(Narrowed(Widened(half)), half) << bits;
  }
  EXPECT_TRUE(std::isnan(Widened(Narrowed(std::numeric_limits<float>::quiet_NaN()))));
}

// Between two neighbours, the nearest; halfway, the even one.
TEST(Elements, AreRoundedToTheNearestF16) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const auto lower = static_cast<uint16_t>(bits), upper = static_cast<uint16_t>(bits + 1);
    const float half_way = (Widened(lower) + Widened(upper)) / 2;  // exact in float32
    EXPECT_EQ(Narrowed(half_way), bits % 2 == 0 ? lower : upper) << bits;
    EXPECT_EQ(Narrowed(std::nextafter(half_way, 0.0f)), lower) << bits;
    EXPECT_EQ(Narrowed(std::nextafter(half_way, kInfinity)), upper) << bits;
    EXPECT_EQ(Narrowed(-half_way), 0x8000 | (bits % 2 == 0 ? lower : upper)) << bits;
  }
  EXPECT_EQ(Narrowed(65519.996f), 0x7bff);  // the largest is 65504
  EXPECT_EQ(Narrowed(65520), 0x7c00);
  EXPECT_EQ(Narrowed(-1e30f), 0xfc00);
}

TEST(Elements, OfOtherTypesAreThoseOfFloat32) {
  const std::vector<float> values = {0, -1.5f, 3.0e38f, 1e-40f, kInfinity};
  for (const SafetensorsType type : {SafetensorsType::kF32, SafetensorsType::kF64}) {
    std::vector<std::byte> bytes(values.size() * static_cast<size_t>(SizeOf(type)));
    NarrowElements(bytes, values, type);
    std::vector<float> back(values.size());
    WidenElements(back, bytes, type);
    EXPECT_EQ(back, values);
  }
  std::vector<std::byte> bytes(2);
  const float value = 1 + 0x3p-8f;  // halfway between two of bfloat16, the lower one odd
  NarrowElements(bytes, {&value, 1}, SafetensorsType::kBF16);
  float back = 0;
  WidenElements({&back, 1}, bytes, SafetensorsType::kBF16);
  EXPECT_EQ(back, 1 + 0x1p-6f);
}

TEST(Elements, AreReadWhereverTheyLie) {
  const float value = 0.1f;
  std::vector<std::byte> bytes(5);
  std::memcpy(bytes.data() + 1, &value, sizeof value);
  float read = 0;
  WidenElements({&read, 1}, std::span<const std::byte>(bytes).subspan(1), SafetensorsType::kF32);
  EXPECT_EQ(read, value);
}

TEST(Elements, OfWholeNumbersAreNoWeights) {
  for (const SafetensorsType type : {SafetensorsType::kI32, SafetensorsType::kBool,
                                     SafetensorsType::kF8E4M3, SafetensorsType::kU8}) {
    EXPECT_FALSE(IsFloatingPoint(type));
  }
  EXPECT_TRUE(IsFloatingPoint(SafetensorsType::kBF16));
}

}  // namespace
}  // namespace upcycle
