// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_backward.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/gemm.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

float DotOfRows(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, int64_t count) {
  return SumLanes(count, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    return hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  });
}

// scores [count] become exp(scores - log_sum_exp), the probabilities.
void ProbabilitiesRow(float* x, int64_t count, float log_sum_exp) {
  ForLanes(count, [=](auto d, int64_t i) HWY_ATTR {
    // Rounding may leave a score just above the log of the sum of all.
    const auto shifted = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, log_sum_exp));
    hn::StoreU(ExpOfNonPositive(d, shifted), d, x + i);
  });
}

// d_scores [count] = p · (d_scores - delta) · scale.
void ScoreGradientRow(float* HWY_RESTRICT d_scores, const float* HWY_RESTRICT p, int64_t count,
                      float delta, float scale) {
  ForLanes(count, [=](auto d, int64_t i) HWY_ATTR {
    const auto g = hn::Sub(hn::LoadU(d, d_scores + i), hn::Set(d, delta));
    hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, p + i), hn::Set(d, scale)), g), d, d_scores + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(DotOfRows);
HWY_EXPORT(ProbabilitiesRow);
HWY_EXPORT(ScoreGradientRow);

namespace {

struct AttentionGradients {
  Tensor d_qkv;
  ConstTensor d_out;
  ConstTensor out;
  ConstTensor log_sum_exp;
  ConstTensor qkv;
};

// What one block of queries adds to d_q, d_k and d_v over the keys [first, first + keys).
class BackwardBlock {
 public:
  BackwardBlock(const AttentionGradients& tensors, const AttentionShape& shape,
                const QueryBlock& block, float* scratch)
      : tensors_(tensors),
        at_(shape, block.sequence, block.head),
        block_(block),
        width_(shape.head_width),
        scale_(1.0f / std::sqrt(static_cast<float>(shape.head_width))),
        scores_(scratch),
        d_scores_(scratch + kScoreFloats) {
    const int64_t row = at_.out + block.begin * at_.out_stride;
    for (int64_t i = 0; i < block.count; ++i) {
      const int64_t offset = row + i * at_.out_stride;
      delta_[static_cast<size_t>(i)] = HWY_DYNAMIC_DISPATCH(DotOfRows)(
          tensors.d_out.floats() + offset, tensors.out.floats() + offset, width_);
    }
  }

  void Add(int64_t first, int64_t keys) {
    FillProbabilities(first, keys);
    FillScoreGradients(first, keys);
    const Operand p = {scores_, kKeyBlock, Transpose::kYes};
    const Operand d_s = {d_scores_, kKeyBlock, Transpose::kNo};
    const Operand d_s_transposed = {d_scores_, kKeyBlock, Transpose::kYes};
    float* d_qkv = tensors_.d_qkv.floats();
    Gemm(d_qkv + at_.value + first * at_.stride, at_.stride, Into(keys, block_.count), p, DOut());
    Gemm(d_qkv + at_.query + block_.begin * at_.stride, at_.stride, Into(block_.count, keys), d_s,
         {tensors_.qkv.floats() + at_.key + first * at_.stride, at_.stride, Transpose::kNo});
    Gemm(d_qkv + at_.key + first * at_.stride, at_.stride, Into(keys, block_.count), d_s_transposed,
         Query());
  }

 private:
  Product Into(int64_t rows, int64_t inner) const {
    return {.rows = rows, .columns = width_, .inner = inner, .accumulate = Accumulate::kYes};
  }
  Operand Query() const {
    return {tensors_.qkv.floats() + at_.query + block_.begin * at_.stride, at_.stride,
            Transpose::kNo};
  }
  Operand DOut() const {
    return {tensors_.d_out.floats() + at_.out + block_.begin * at_.out_stride, at_.out_stride,
            Transpose::kNo};
  }
  int64_t ValidKeys(int64_t i, int64_t first, int64_t keys) const {
    return std::min(keys, block_.begin + i + 1 - first);
  }

  void FillProbabilities(int64_t first, int64_t keys) {
    Gemm(scores_, kKeyBlock,
         {.rows = block_.count, .columns = keys, .inner = width_, .alpha = scale_}, Query(),
         {tensors_.qkv.floats() + at_.key + first * at_.stride, at_.stride, Transpose::kYes});
    const float* log_sum_exp = tensors_.log_sum_exp.floats() + at_.log_sum_exp + block_.begin;
    for (int64_t i = 0; i < block_.count; ++i) {
      const int64_t valid = ValidKeys(i, first, keys);
      float* row = scores_ + i * kKeyBlock;
      HWY_DYNAMIC_DISPATCH(ProbabilitiesRow)(row, valid, log_sum_exp[i]);
      std::fill(row + valid, row + keys, 0.0f);
    }
  }

  void FillScoreGradients(int64_t first, int64_t keys) {
    Gemm(d_scores_, kKeyBlock, {.rows = block_.count, .columns = keys, .inner = width_}, DOut(),
         {tensors_.qkv.floats() + at_.value + first * at_.stride, at_.stride, Transpose::kYes});
    for (int64_t i = 0; i < block_.count; ++i) {
      const int64_t valid = ValidKeys(i, first, keys);
      float* row = d_scores_ + i * kKeyBlock;
      HWY_DYNAMIC_DISPATCH(ScoreGradientRow)
      (row, scores_ + i * kKeyBlock, valid, delta_[static_cast<size_t>(i)], scale_);
      std::fill(row + valid, row + keys, 0.0f);
    }
  }

  const AttentionGradients& tensors_;
  HeadView at_;
  QueryBlock block_;
  int64_t width_;
  float scale_;
  float* scores_;
  float* d_scores_;
  std::array<float, kQueryBlock> delta_;  // Σ d_out · out of each query
};

// Zeroes what one key head and its query heads have in d_qkv, all positions of a sequence.
void ZeroHeads(Tensor d_qkv, const AttentionShape& shape, int64_t sequence, int64_t kv_head) {
  const int64_t group = shape.heads / shape.kv_heads, width = shape.head_width;
  const HeadView at(shape, sequence, kv_head * group);
  for (int64_t i = 0; i < shape.length; ++i) {
    float* row = d_qkv.floats() + i * at.stride;
    std::fill_n(row + at.query, group * width, 0.0f);
    std::fill_n(row + at.key, width, 0.0f);
    std::fill_n(row + at.value, width, 0.0f);
  }
}

}  // namespace

// A key head belongs to one task, so that its gradients are summed in one order.
void CpuBackend::DoAttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                                     ConstTensor log_sum_exp, ConstTensor qkv,
                                     const AttentionShape& shape) {
  const AttentionGradients tensors = {d_qkv, d_out, out, log_sum_exp, qkv};
  const int64_t group = shape.heads / shape.kv_heads;
  pool_.ParallelFor(shape.sequences * shape.kv_heads, [&](int64_t task, int worker) {
    const int64_t sequence = task / shape.kv_heads, kv_head = task % shape.kv_heads;
    ZeroHeads(d_qkv, shape, sequence, kv_head);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      for (int64_t begin = 0; begin < shape.length; begin += kQueryBlock) {
        const QueryBlock queries = {sequence, head, begin,
                                    std::min(kQueryBlock, shape.length - begin)};
        BackwardBlock block(tensors, shape, queries, scratch_[static_cast<size_t>(worker)].get());
        for (int64_t first = 0; first < queries.end(); first += kKeyBlock) {
          block.Add(first, std::min(kKeyBlock, queries.end() - first));
        }
      }
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
