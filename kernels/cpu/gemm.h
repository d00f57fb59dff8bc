// Matrix products in tiles.
#pragma once

#include <cstdint>

#include "kernels/backend.h"
#include "kernels/cpu/block.h"

namespace upcycle {

// A row-major matrix with `stride` elements from row to row, or its transpose.
struct Operand {
  const float* values;
  int64_t stride;
  Transpose transpose;

  // The operand from row `row` and column `column` of op(·) on.
  Operand From(int64_t row, int64_t column) const {
    const bool transposed = transpose == Transpose::kYes;
    const int64_t offset = transposed ? column * stride + row : row * stride + column;
    return {values + offset, stride, transpose};
  }
};

// Pieces of an output that one task computes, over the whole inner dimension. They depend on shapes
// alone, so the bits do not depend on the number of threads.
struct Tiling {
  int64_t tile_rows;
  int64_t tile_columns;
  int64_t row_tiles;
  int64_t column_tiles;

  int64_t tiles() const { return row_tiles * column_tiles; }
};
// For one of `products` outputs that are computed side by side: many need not be cut so small.
Tiling TilingOf(int64_t rows, int64_t columns, int64_t products = 1);

// out (+)= op(a) · op(b).
struct Product {
  Block out;
  Operand a;
  Operand b;
  ProductSize size;
};

// One tile of a product, by the calling thread alone, with kProductScratchFloats of scratch
// (small_product.h).
void MultiplyTile(const Product& product, const Tiling& tiling, int64_t tile, float* scratch);

}  // namespace upcycle
