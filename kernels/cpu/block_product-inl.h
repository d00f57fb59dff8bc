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
