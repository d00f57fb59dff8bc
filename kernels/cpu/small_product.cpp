// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/small_product.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/block_product-inl.h"
// clang-format on

#include "kernels/cpu/small_product.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

void Multiply(Block out, LeftFactor a, ConstBlock b, const ProductSize& size) {
  MultiplyBlocks(out, a, b, size);
}

// panel [inner, kPanelColumns] = b [columns, inner]ᵀ.
void FillPanel(float* HWY_RESTRICT panel, ConstBlock b, int64_t columns, int64_t inner) {
  for (int64_t column = 0; column < columns; ++column) {
    const float* HWY_RESTRICT row = b.values + column * b.stride;
    for (int64_t k = 0; k < inner; ++k) panel[k * kPanelColumns + column] = row[k];
  }
}

void MultiplyByTranspose(Block out, LeftFactor a, ConstBlock b, const ProductSize& size,
                         float* scratch) {
  for (int64_t column = 0; column < size.columns; column += kPanelColumns) {
    for (int64_t k = 0; k < size.inner; k += kPanelInner) {
      const int64_t columns = std::min(kPanelColumns, size.columns - column);
      const int64_t inner = std::min(kPanelInner, size.inner - k);
      FillPanel(scratch, {b.values + column * b.stride + k, b.stride}, columns, inner);
      MultiplyBlocks({out.values + column, out.stride},
                     {a.values + k * a.inner_stride, a.row_stride, a.inner_stride},
                     {scratch, kPanelColumns},
                     {.rows = size.rows,
                      .columns = columns,
                      .inner = inner,
                      .accumulate = size.accumulate || k > 0});
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(Multiply);
HWY_EXPORT(MultiplyByTranspose);

void MultiplySmall(Block out, LeftFactor a, ConstBlock b, const ProductSize& size) {
  HWY_DYNAMIC_DISPATCH(Multiply)(out, a, b, size);
}

void MultiplySmallByTranspose(Block out, LeftFactor a, ConstBlock b, const ProductSize& size,
                              float* scratch) {
  HWY_DYNAMIC_DISPATCH(MultiplyByTranspose)(out, a, b, size, scratch);
}

}  // namespace upcycle
#endif  // HWY_ONCE
