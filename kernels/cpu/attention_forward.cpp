// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_forward.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/gemm.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

float LargestOfRow(const float* x, int64_t count) { return LargestOf(x, count); }

float ExpShiftedRow(float* x, int64_t count, float max) { return ExpShifted(x, count, max); }

void ScaleRow(float* x, int64_t count, float factor) { Scale(x, count, factor); }

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(LargestOfRow);
HWY_EXPORT(ExpShiftedRow);
HWY_EXPORT(ScaleRow);

namespace {

// The softmax of each query's scores so far: Σ exp(score - max), and max.
struct RunningSoftmax {
  std::array<float, kQueryBlock> max;
  std::array<float, kQueryBlock> sum;

  RunningSoftmax() {
    max.fill(-std::numeric_limits<float>::infinity());
    sum.fill(0);
  }
};

// Turns the scores of one query against `valid` keys into exp(score - max), the rest of its `keys`
// into 0, and rescales what earlier keys added to `out`.
void SoftmaxOfRow(float* scores, int64_t valid, int64_t keys, float& max, float& sum, float* out,
                  int64_t width) {
  const float larger = std::max(max, HWY_DYNAMIC_DISPATCH(LargestOfRow)(scores, valid));
  if (sum != 0) {
    const float shrink = std::exp(max - larger);
    sum *= shrink;
    HWY_DYNAMIC_DISPATCH(ScaleRow)(out, width, shrink);
  }
  sum += HWY_DYNAMIC_DISPATCH(ExpShiftedRow)(scores, valid, larger);
  std::fill(scores + valid, scores + keys, 0.0f);
  max = larger;
}

// out and log_sum_exp of one block of queries.
void AttendBlock(Tensor out_tensor, Tensor log_sum_exp, ConstTensor qkv,
                 const AttentionShape& shape, const QueryBlock& block, float* scores) {
  const HeadView at(shape, block.sequence, block.head);
  const int64_t width = shape.head_width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  const Operand query = {qkv.floats() + at.query + block.begin * at.stride, at.stride,
                         Transpose::kNo};
  float* out = out_tensor.floats() + at.out + block.begin * at.out_stride;
  RunningSoftmax softmax;
  for (int64_t first = 0; first < block.end(); first += kKeyBlock) {
    const int64_t keys = std::min(kKeyBlock, block.end() - first);
    const Operand key = {qkv.floats() + at.key + first * at.stride, at.stride, Transpose::kYes};
    const Operand value = {qkv.floats() + at.value + first * at.stride, at.stride, Transpose::kNo};
    Gemm(scores, kKeyBlock, {.rows = block.count, .columns = keys, .inner = width, .alpha = scale},
         query, key);
    for (int64_t i = 0; i < block.count; ++i) {
      const auto row = static_cast<size_t>(i);
      SoftmaxOfRow(scores + i * kKeyBlock, std::min(keys, block.begin + i + 1 - first), keys,
                   softmax.max[row], softmax.sum[row], out + i * at.out_stride, width);
    }
    Gemm(out, at.out_stride,
         {.rows = block.count,
          .columns = width,
          .inner = keys,
          .accumulate = first == 0 ? Accumulate::kNo : Accumulate::kYes},
         {scores, kKeyBlock, Transpose::kNo}, value);
  }
  for (int64_t i = 0; i < block.count; ++i) {
    const auto row = static_cast<size_t>(i);
    HWY_DYNAMIC_DISPATCH(ScaleRow)(out + i * at.out_stride, width, 1 / softmax.sum[row]);
    log_sum_exp.floats()[at.log_sum_exp + block.begin + i] =
        softmax.max[row] + std::log(softmax.sum[row]);
  }
}

}  // namespace

void CpuBackend::DoAttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                                    const AttentionShape& shape) {
  const int64_t blocks = (shape.length + kQueryBlock - 1) / kQueryBlock;
  const int64_t heads = shape.sequences * shape.heads;
  // The last blocks have the most keys: they go first.
  pool_.ParallelFor(blocks * heads, [&](int64_t task, int worker) {
    const int64_t begin = (blocks - 1 - task / heads) * kQueryBlock;
    const QueryBlock block = {.sequence = task % heads / shape.heads,
                              .head = task % shape.heads,
                              .begin = begin,
                              .count = std::min(kQueryBlock, shape.length - begin)};
    AttendBlock(out, log_sum_exp, qkv, shape, block, scratch_[static_cast<size_t>(worker)].get());
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
