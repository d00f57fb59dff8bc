// Matrices that one thread works on, where they lie.
#pragma once

#include <cstdint>

namespace upcycle {

// Row-major, `stride` elements from row to row.
struct Block {
  float* values;
  int64_t stride;
};

struct ConstBlock {
  const float* values;
  int64_t stride;
};

// The left factor of a product, row-major or not: element (i, k) lies at
// values[i · row_stride + k · inner_stride].
struct LeftFactor {
  const float* values;
  int64_t row_stride;
  int64_t inner_stride;
};

struct ProductSize {
  int64_t rows;
  int64_t columns;
  int64_t inner;
  bool accumulate;  // add to the output, which else is not read
};

}  // namespace upcycle
