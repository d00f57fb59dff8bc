#include "core/checkpoints/elements.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "core/bfloat16.h"
#include "core/check.h"

namespace upcycle {
namespace {

// IEEE 754 binary16: 5 bits of exponent over 15, 10 of mantissa.
float FloatOfHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
  if (exponent == 0) {  // zero, or a multiple of the smallest, 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide = exponent == 0x1f ? 0xff : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

uint16_t HalfOfFloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);  // NaN
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
  if (magnitude < 0x38800000) {
    // Below 2^-14 numbers are multiples of 2^-24: adding 1/2 makes float32 round to them.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000));
  }
  const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return static_cast<uint16_t>(sign | (rounded - ((127 - 15) << 23)) >> 13);
}

// The element at `place`, of a type as wide as T.
template <typename T>
T Load(std::span<const std::byte> bytes, size_t place) {
  T value;
  std::memcpy(&value, bytes.data() + place * sizeof(T), sizeof(T));
  return value;
}

template <typename T, typename Widen>
void WidenEach(std::span<float> out, std::span<const std::byte> bytes, const Widen& widen) {
  UPCYCLE_CHECK_EQ(bytes.size(), out.size() * sizeof(T));
  for (size_t i = 0; i < out.size(); ++i) out[i] = widen(Load<T>(bytes, i));
}

template <typename T, typename Narrow>
void NarrowEach(std::span<std::byte> bytes, std::span<const float> values, const Narrow& narrow) {
  UPCYCLE_CHECK_EQ(bytes.size(), values.size() * sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    const T element = narrow(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &element, sizeof(T));
  }
}

}  // namespace

bool IsFloatingPoint(SafetensorsType type) {
  return type == SafetensorsType::kF64 || type == SafetensorsType::kF32 ||
         type == SafetensorsType::kF16 || type == SafetensorsType::kBF16;
}

void WidenElements(std::span<float> out, std::span<const std::byte> bytes, SafetensorsType type) {
  UPCYCLE_CHECK(IsFloatingPoint(type));
  switch (type) {
    case SafetensorsType::kF64:
      return WidenEach<double>(out, bytes, [](double x) { return static_cast<float>(x); });
    case SafetensorsType::kF16:
      return WidenEach<uint16_t>(out, bytes, FloatOfHalf);
    case SafetensorsType::kBF16:
      return WidenEach<uint16_t>(out, bytes, [](uint16_t x) { return FloatOf(BFloat16{x}); });
    default:
      UPCYCLE_CHECK_EQ(bytes.size(), out.size_bytes());
      std::memcpy(out.data(), bytes.data(), bytes.size());
  }
}

void NarrowElements(std::span<std::byte> bytes, std::span<const float> values,
                    SafetensorsType type) {
  UPCYCLE_CHECK(IsFloatingPoint(type));
  switch (type) {
    case SafetensorsType::kF64:
      return NarrowEach<double>(bytes, values, [](float x) { return static_cast<double>(x); });
    case SafetensorsType::kF16:
      return NarrowEach<uint16_t>(bytes, values, HalfOfFloat);
    case SafetensorsType::kBF16:
      return NarrowEach<uint16_t>(bytes, values, [](float x) { return RoundToBFloat16(x).bits; });
    default:
      UPCYCLE_CHECK_EQ(bytes.size(), values.size_bytes());
      std::memcpy(bytes.data(), values.data(), bytes.size());
  }
}

}  // namespace upcycle
