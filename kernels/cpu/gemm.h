// One matrix product of one thread, and how the product of an op is cut into such products.
#pragma once

#include <cstdint>

#include "kernels/backend.h"

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

struct Product {
  int64_t rows;
  int64_t columns;
  int64_t inner;
  float alpha = 1;
  Accumulate accumulate = Accumulate::kNo;
};

// out (+)= alpha · op(a) · op(b), row-major, `stride` from row to row of out, by the calling thread
// alone. Without accumulation what `out` held is not read.
void Gemm(float* out, int64_t stride, const Product& product, Operand a, Operand b);

// Pieces of an output that one task computes, over the whole inner dimension. They depend on the
// output's shape alone, so the bits do not depend on the number of threads.
struct Tiling {
  int64_t tile_rows;
  int64_t tile_columns;
  int64_t row_tiles;
  int64_t column_tiles;

  int64_t tiles() const { return row_tiles * column_tiles; }
};
Tiling TilingOf(int64_t rows, int64_t columns);

// Tile `tile` of out (+)= op(a) · op(b).
void GemmTile(float* out, int64_t stride, const Product& product, Operand a, Operand b,
              const Tiling& tiling, int64_t tile);

}  // namespace upcycle
