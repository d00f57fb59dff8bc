// Sinkhorn's scaling of a micro-batch's logits (Sinkhorn and Knopp 1967): experts take equal shares
// of the tokens, as nearly as `rounds` rounds bring it about.
#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"
#include "kernels/routing.h"

namespace upcycle {
namespace {

void SoftmaxRow(float* row, const float* logits, int64_t experts) {
  const float largest = *std::max_element(logits, logits + experts);
  float sum = 0;
  for (int64_t e = 0; e < experts; ++e) {
    row[e] = std::exp(logits[e] - largest);
    sum += row[e];
  }
  for (int64_t e = 0; e < experts; ++e) row[e] /= sum;
}

// row = row · columns, then over its sum.
void ScaleRow(float* row, const float* columns, int64_t experts) {
  float sum = 0;
  for (int64_t e = 0; e < experts; ++e) {
    row[e] *= columns[e];
    sum += row[e];
  }
  for (int64_t e = 0; e < experts; ++e) row[e] /= sum;
}

}  // namespace

void CpuBackend::DoSinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits, int64_t rounds) {
  const int64_t tokens = logits.dim(0), experts = logits.dim(1);
  const double even = static_cast<double>(tokens) / static_cast<double>(experts);
  const auto for_rows = [&](const auto& body) {
    pool_.ParallelRanges(tokens, RowsOfTask(8 * experts), [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) body(ranks.floats() + t * experts, t);
    });
  };
  for_rows([&](float* row, int64_t t) { SoftmaxRow(row, logits.floats() + t * experts, experts); });
  for (int64_t round = 0; round < rounds; ++round) {
    pool_.ParallelFor(experts, [&](int64_t e, int) {
      double sum = 0;
      for (int64_t t = 0; t < tokens; ++t) sum += ranks.floats()[t * experts + e];
      // An expert that nobody comes near stays empty.
      columns.floats()[e] = static_cast<float>(even / std::max(sum, kLeastColumnSum));
    });
    for_rows([&](float* row, int64_t) { ScaleRow(row, columns.floats(), experts); });
  }
}

}  // namespace upcycle
