// Products of blocks that lie in a cache, without copying them: what attention is made of, and what
// is too small to be worth a library's call.
#if defined(UPCYCLE_KERNELS_CPU_BLOCK_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef UPCYCLE_KERNELS_CPU_BLOCK_PRODUCT_INL_H_
#undef UPCYCLE_KERNELS_CPU_BLOCK_PRODUCT_INL_H_
#else
#define UPCYCLE_KERNELS_CPU_BLOCK_PRODUCT_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include "kernels/cpu/block.h"
#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// Four rows of four columns: out [4, 4] = scale · in [4, 4]ᵀ.
HWY_INLINE void TransposeFour(Block out, ConstBlock in, float scale) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t row = 0; row < 4; ++row) {
    for (int64_t column = 0; column < 4; ++column) {
      out.values[column * out.stride + row] = scale * in.values[row * in.stride + column];
    }
  }
#else
  const hn::FixedTag<float, 4> d;
  const auto factor = hn::Set(d, scale);
  const auto row0 = hn::Mul(hn::LoadU(d, in.values), factor);
  const auto row1 = hn::Mul(hn::LoadU(d, in.values + in.stride), factor);
  const auto row2 = hn::Mul(hn::LoadU(d, in.values + 2 * in.stride), factor);
  const auto row3 = hn::Mul(hn::LoadU(d, in.values + 3 * in.stride), factor);
  const auto low01 = hn::InterleaveLower(d, row0, row1);
  const auto low23 = hn::InterleaveLower(d, row2, row3);
  const auto high01 = hn::InterleaveUpper(d, row0, row1);
  const auto high23 = hn::InterleaveUpper(d, row2, row3);
  hn::StoreU(hn::ConcatLowerLower(d, low23, low01), d, out.values);
  hn::StoreU(hn::ConcatUpperUpper(d, low23, low01), d, out.values + out.stride);
  hn::StoreU(hn::ConcatLowerLower(d, high23, high01), d, out.values + 2 * out.stride);
  hn::StoreU(hn::ConcatUpperUpper(d, high23, high01), d, out.values + 3 * out.stride);
#endif
}

// out [columns, rows] = scale · in [rows, columns]ᵀ.
inline void TransposeBlock(Block out, ConstBlock in, int64_t rows, int64_t columns, float scale) {
  const int64_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t column = 0;
    if (row < whole_rows) {
      for (; row % 4 == 0 && column < whole_columns; column += 4) {
        TransposeFour({out.values + column * out.stride + row, out.stride},
                      {in.values + row * in.stride + column, in.stride}, scale);
      }
      column = whole_columns;
    }
    for (; column < columns; ++column) {
      out.values[column * out.stride + row] = scale * in.values[row * in.stride + column];
    }
  }
}

// The sums of a tile stay in registers: kTileRows rows of two vectors. AVX-512 has 32 registers,
// the others 16.
constexpr int kTileRows = HWY_MAX_BYTES >= 64 ? 8 : 4;

// kRows rows of kVectors vectors: out (+)= a · b over `inner`. Each step loads kVectors vectors of
// b and kRows numbers of a for kRows · kVectors multiplications.
template <int kRows, int kVectors, class D>
HWY_INLINE void MultiplyTile(D d, Block out, LeftFactor a, ConstBlock b, int64_t inner,
                             bool accumulate) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<D> sum[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (int64_t k = 0; k < inner; ++k) {
    hn::Vec<D> right[kVectors];
    for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, b.values + v * lanes);
    for (int r = 0; r < kRows; ++r) {
      const auto left = hn::Set(d, a.values[r * a.row_stride]);
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(left, right[v], sum[r][v]);
    }
    a.values += a.inner_stride;
    b.values += b.stride;
  }
  for (int r = 0; r < kRows; ++r) {
    float* row = out.values + r * out.stride;
    for (int v = 0; v < kVectors; ++v) {
      float* at = row + v * lanes;
      const auto total = accumulate ? hn::Add(sum[r][v], hn::LoadU(d, at)) : sum[r][v];
      hn::StoreU(total, d, at);
    }
  }
}

// All rows of kVectors vectors; what is left of kRows at a time goes by halves.
template <int kRows, int kVectors, class D>
HWY_INLINE void MultiplyRows(D d, Block out, LeftFactor a, ConstBlock b, ProductSize size) {
  int64_t row = 0;
  for (; row + kRows <= size.rows; row += kRows) {
    MultiplyTile<kRows, kVectors>(d, {out.values + row * out.stride, out.stride},
                                  {a.values + row * a.row_stride, a.row_stride, a.inner_stride}, b,
                                  size.inner, size.accumulate);
  }
  if constexpr (kRows > 1) {
    if (row == size.rows) return;
    size.rows -= row;
    MultiplyRows<kRows / 2, kVectors>(d, {out.values + row * out.stride, out.stride},
                                      {a.values + row * a.row_stride, a.row_stride, a.inner_stride},
                                      b, size);
  }
}

// The last columns, fewer than two vectors.
template <class D>
HWY_INLINE void MultiplyTail(D d, Block out, LeftFactor a, ConstBlock b, ProductSize size) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if (size.columns >= lanes) {
    MultiplyRows<kTileRows, 1>(d, out, a, b, size);
    out.values += lanes;
    b.values += lanes;
    size.columns -= lanes;
  }
  if constexpr (hn::MaxLanes(D()) > 1) {
    if (size.columns > 0) MultiplyTail(hn::Half<D>(), out, a, b, size);
  }
}

// out [rows, columns] (+)= a [rows, inner] · b [inner, columns].
inline void MultiplyBlocks(Block out, LeftFactor a, ConstBlock b, ProductSize size) {
  const FloatTag d;
  const auto pair = 2 * static_cast<int64_t>(hn::Lanes(d));
  for (; size.columns >= pair; size.columns -= pair) {
    MultiplyRows<kTileRows, 2>(d, out, a, b, size);
    out.values += pair;
    b.values += pair;
  }
  if (size.columns > 0) MultiplyTail(d, out, a, b, size);
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#endif
