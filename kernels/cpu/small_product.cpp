// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/small_product.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/block_product-inl.h"
// clang-format on

#include "kernels/cpu/small_product.h"

#include <algorithm>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// panel [inner, kPanelColumns] = op(b) from row `k` and column `column` on.
void FillPanel(float* panel, const Operand& b, int64_t k, int64_t column, int64_t inner,
               int64_t columns) {
  const Operand part = b.From(k, column);
  if (b.transpose == Transpose::kYes) {
    TransposeBlock({panel, kPanelColumns}, {part.values, part.stride}, columns, inner, 1);
    return;
  }
  for (int64_t row = 0; row < inner; ++row) {
    std::memcpy(panel + row * kPanelColumns, part.values + row * part.stride,
                static_cast<size_t>(columns) * sizeof(float));
  }
}

void MultiplyByPanels(const Product& product, float* scratch) {
  const auto& [out, a, b, size] = product;
  const bool a_transposed = a.transpose == Transpose::kYes;
  for (int64_t k = 0; k < size.inner; k += kPanelInner) {
    const int64_t inner = std::min(kPanelInner, size.inner - k);
    const LeftFactor left = {a.From(0, k).values, a_transposed ? 1 : a.stride,
                             a_transposed ? a.stride : 1};
    for (int64_t column = 0; column < size.columns; column += kPanelColumns) {
      const int64_t columns = std::min(kPanelColumns, size.columns - column);
      FillPanel(scratch, b, k, column, inner, columns);
      MultiplyBlocks({out.values + column, out.stride}, left, {scratch, kPanelColumns},
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

HWY_EXPORT(MultiplyByPanels);

void MultiplySmall(const Product& product, float* scratch) {
  HWY_DYNAMIC_DISPATCH(MultiplyByPanels)(product, scratch);
}

}  // namespace upcycle
#endif  // HWY_ONCE
