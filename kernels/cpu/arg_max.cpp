#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"

namespace upcycle {

void CpuBackend::DoArgMax(Tensor columns, ConstTensor logits) {
  const int64_t width = logits.dim(1);
  pool_.ParallelRanges(logits.dim(0), RowsOfTask(width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* values = logits.floats() + row * width;
      float largest = -std::numeric_limits<float>::infinity();
      int64_t column = 0;
      for (int64_t i = 0; i < width; ++i) {
        if (values[i] <= largest || values[i] != values[i]) continue;
        largest = values[i];
        column = i;
      }
      columns.ints()[row] = static_cast<int32_t>(column);
    }
  });
}

}  // namespace upcycle
