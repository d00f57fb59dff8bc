// A token's logits, each less their mean over their standard deviation.
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"
#include "kernels/routing.h"

namespace upcycle {
void CpuBackend::DoNormalizeLogits(Tensor logits, Tensor rstd, double scale) {
  const int64_t experts = logits.dim(1);
  pool_.ParallelRanges(logits.dim(0), RowsOfTask(4 * experts), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = logits.floats() + t * experts;
      double sum = 0, squares = 0;
      for (int64_t e = 0; e < experts; ++e) sum += row[e];
      const double mean = sum / static_cast<double>(experts);
      for (int64_t e = 0; e < experts; ++e) squares += (row[e] - mean) * (row[e] - mean);
      const double r = 1 / std::sqrt(squares / static_cast<double>(experts) + kLogitsEpsilon);
      for (int64_t e = 0; e < experts; ++e) {
        row[e] = static_cast<float>(scale * r * (row[e] - mean));
      }
      rstd.floats()[t] = static_cast<float>(r);
    }
  });
}

// With z the normalised logits before `scale`: scale · rstd · (d - mean(d) - z · mean(d · z)).
void CpuBackend::DoNormalizeLogitsBackward(Tensor d_logits, ConstTensor logits, ConstTensor rstd,
                                           double scale) {
  const int64_t experts = logits.dim(1);
  const double count = static_cast<double>(experts);
  pool_.ParallelRanges(logits.dim(0), RowsOfTask(4 * experts), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* d = d_logits.floats() + t * experts;
      const float* row = logits.floats() + t * experts;
      double sum = 0, dot = 0;
      for (int64_t e = 0; e < experts; ++e) {
        sum += d[e];
        dot += static_cast<double>(d[e]) * row[e] / scale;
      }
      for (int64_t e = 0; e < experts; ++e) {
        const double z = row[e] / scale;
        d[e] =
            static_cast<float>(scale * rstd.floats()[t] * (d[e] - sum / count - z * dot / count));
      }
    }
  });
}

}  // namespace upcycle
