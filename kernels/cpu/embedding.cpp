// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/embedding.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <cstring>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// Columns [begin, end) of d_table += d_out, token after token.
void EmbeddingBackwardColumns(Tensor d_table, ConstTensor d_out, ConstTensor tokens, int64_t begin,
                              int64_t end) {
  const int64_t width = d_table.dim(1);
  const int32_t* ids = tokens.ints();
  for (int64_t t = 0; t < tokens.dim(0); ++t) {
    AddTo(d_table.floats() + ids[t] * width + begin, d_out.floats() + t * width + begin,
          end - begin);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {
namespace {

// A token outside the table would be a read or a write outside our memory.
void CheckTokens(ConstTensor tokens, int64_t vocabulary) {
  const int32_t* ids = tokens.ints();
  for (int64_t t = 0; t < tokens.dim(0); ++t) UPCYCLE_CHECK(ids[t] >= 0 && ids[t] < vocabulary);
}

}  // namespace

HWY_EXPORT(EmbeddingBackwardColumns);

void CpuBackend::DoEmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) {
  CheckTokens(tokens, table.dim(0));
  const int64_t width = table.dim(1);
  pool_.ParallelRanges(tokens.dim(0), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      std::memcpy(out.floats() + t * width, table.floats() + tokens.ints()[t] * width,
                  static_cast<size_t>(width) * sizeof(float));
    }
  });
}

// Two tokens may share a row, so threads share the columns and each goes through all tokens.
void CpuBackend::DoEmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) {
  CheckTokens(tokens, d_table.dim(0));
  pool_.ParallelRanges(d_table.dim(1), kColumnsOfTask, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(EmbeddingBackwardColumns)(d_table, d_out, tokens, begin, end);
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
