// Products too small for a library: it would spend its time on copying them, and might allocate.
#pragma once

#include <cstdint>

#include "kernels/cpu/block.h"

namespace upcycle {

// Where the right factor is transposed, this many of its rows and columns are turned at a time.
inline constexpr int64_t kPanelColumns = 32;
inline constexpr int64_t kPanelInner = 512;
inline constexpr int64_t kProductScratchFloats = kPanelColumns * kPanelInner;

// out [rows, columns] (+)= a [rows, inner] · b [inner, columns].
void MultiplySmall(Block out, LeftFactor a, ConstBlock b, const ProductSize& size);

// out (+)= a · bᵀ for b [columns, inner], with kProductScratchFloats of scratch.
void MultiplySmallByTranspose(Block out, LeftFactor a, ConstBlock b, const ProductSize& size,
                              float* scratch);

}  // namespace upcycle
