// Products too small for a library, which would spend its time on copying them and might allocate.
#pragma once

#include <cstdint>

#include "kernels/cpu/gemm.h"

namespace upcycle {

// The right factor is copied this many columns and rows at a time, to lie in a first-level cache
// while all rows of the left factor go by.
inline constexpr int64_t kPanelColumns = 32;
inline constexpr int64_t kPanelInner = 256;
inline constexpr int64_t kProductScratchFloats = kPanelColumns * kPanelInner;

// The whole product, with kProductScratchFloats of scratch.
void MultiplySmall(const Product& product, float* scratch);

}  // namespace upcycle
