// The floating-point elements of checkpoints, to float32 and back. Widening is exact but for F64;
// narrowing takes the nearest, of equals the even.
#pragma once

#include <cstddef>
#include <span>

#include "core/checkpoints/safetensors.h"

namespace upcycle {

// F64, F32, F16 and BF16.
bool IsFloatingPoint(SafetensorsType type);

// `bytes` holds out.size() elements of a floating-point type, little-endian, aligned or not.
void WidenElements(std::span<float> out, std::span<const std::byte> bytes, SafetensorsType type);

// `bytes` gets one element of a floating-point type for each value. What is beyond F16's largest
// becomes infinite.
void NarrowElements(std::span<std::byte> bytes, std::span<const float> values,
                    SafetensorsType type);

}  // namespace upcycle
