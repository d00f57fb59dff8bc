// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_backward.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/attention-inl.h"
// clang-format on

#include "kernels/cpu/attention_backward.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

using PerQuery = std::array<float, kAttentionBlock>;

// What each query of a block keeps while its keys go by.
struct QueryState {
  PerQuery log_sum_exp;
  PerQuery delta;  // Σ d_out · out
  float scale;
};

// scores [keys, queries] become probabilities p = exp(score - log_sum_exp), and d_scores become
// p · (d_scores - delta) · scale; both 0 where the mask is.
void GradientsOfScores(float* HWY_RESTRICT scores, float* HWY_RESTRICT d_scores, int64_t keys,
                       bool diagonal, const QueryState& state) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto scale = hn::Set(d, state.scale);
  for (int64_t k = 0; k < keys; ++k) {
    const int64_t first = diagonal ? k / kAttentionStrip * kAttentionStrip : 0;
    for (int64_t q = first; q < kAttentionBlock; q += lanes) {
      float* score = scores + k * kAttentionBlock + q;
      float* d_score = d_scores + k * kAttentionBlock + q;
      const auto log_sum_exp = hn::LoadU(d, state.log_sum_exp.data() + q);
      auto p = ExpOfNonPositive(d, hn::Sub(hn::LoadU(d, score), log_sum_exp));
      if (diagonal && q < k) p = hn::IfThenZeroElse(BeforeKey(d, q, k), p);
      const auto delta = hn::LoadU(d, state.delta.data() + q);
      const auto centred = hn::Sub(hn::LoadU(d, d_score), delta);
      hn::StoreU(p, d, score);
      hn::StoreU(hn::Mul(hn::Mul(p, scale), centred), d, d_score);
    }
  }
}

// Makes the probabilities and gradients of what queries do not see 0, whatever they are.
void MaskGradients(float* HWY_RESTRICT scores, float* HWY_RESTRICT d_scores, int64_t keys,
                   const FirstKeys& firsts) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t k = 0; k < keys; ++k) {
    for (int64_t q = 0; q < kAttentionBlock; q += lanes) {
      const auto hidden = BeginBehindKey(d, firsts, q, k);
      for (float* x : {scores, d_scores}) {
        float* at = x + k * kAttentionBlock + q;
        hn::StoreU(hn::IfThenZeroElse(hidden, hn::LoadU(d, at)), d, at);
      }
    }
  }
}

float DotOfRows(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, int64_t count) {
  return SumLanes(count, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    return hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  });
}

QueryState StateOf(const AttentionGradients& t, const QueryBlock& block) {
  QueryState state;
  // Queries that are not there read nothing: exp(0 - ∞) = 0.
  state.log_sum_exp.fill(std::numeric_limits<float>::infinity());
  state.delta.fill(0);
  state.scale = 1.0f / std::sqrt(static_cast<float>(block.width));
  for (int64_t q = 0; q < block.count; ++q) {
    const int64_t row = block.out + q * block.out_stride;
    state.log_sum_exp[static_cast<size_t>(q)] = t.log_sum_exp[block.log_sum_exp + q];
    state.delta[static_cast<size_t>(q)] = DotOfRows(t.d_out + row, t.out + row, block.width);
  }
  return state;
}

// What one block of queries adds to the gradients of its keys and values, and all of its own.
// `first_head`: nobody has yet written the gradients of the diagonal's keys and values.
void AttendBlockBackward(const AttentionGradients& t, const QueryBlock& block, bool first_head,
                         float* scratch) {
  float* scores = scratch;
  float* d_scores = scores + kScoreFloats;
  float* queries = d_scores + kScoreFloats;
  float* d_outs = queries + kAttentionBlock * block.width;
  const ConstBlock query = {t.qkv + block.query, block.stride};
  const ConstBlock d_out = {t.d_out + block.out, block.out_stride};
  const QueryState state = StateOf(t, block);
  TransposeQueries(queries, query, block.count, block.width, state.scale);
  TransposeQueries(d_outs, d_out, block.count, block.width, 1);
  const int64_t begin = block.FirstKeyBlock();
  for (int64_t first = begin; first <= block.begin; first += kAttentionBlock) {
    const bool diagonal = first == block.begin;
    const int64_t keys = diagonal ? block.count : kAttentionBlock;
    const int64_t key_row = block.key + first * block.stride;
    const int64_t value_row = block.value + first * block.stride;
    const ConstBlock key = {t.qkv + key_row, block.stride};
    const ConstBlock value = {t.qkv + value_row, block.stride};
    MultiplyByQueries(scores, key, queries, keys, block.width, diagonal);
    MultiplyByQueries(d_scores, value, d_outs, keys, block.width, diagonal);
    GradientsOfScores(scores, d_scores, keys, diagonal, state);
    if (block.BeginsBehind(first)) {
      MaskGradients(scores, d_scores, keys, FirstKeys(block, first));
    }
    SumOverKeys(
        {t.d_qkv + block.query, block.stride}, d_scores, key,
        {.rows = block.count, .columns = block.width, .inner = keys, .accumulate = first > begin},
        diagonal);
    const ProductSize into_keys = {.rows = keys,
                                   .columns = block.width,
                                   .inner = block.count,
                                   .accumulate = !(diagonal && first_head)};
    SumOverQueries({t.d_qkv + key_row, block.stride}, d_scores, query, into_keys, diagonal);
    SumOverQueries({t.d_qkv + value_row, block.stride}, scores, d_out, into_keys, diagonal);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(AttendBlockBackward);

// A key head belongs to one task, so that its gradients are summed in one order.
void CpuBackend::DoAttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                                     ConstTensor log_sum_exp, ConstTensor qkv,
                                     const AttentionShape& shape, ConstTensor starts) {
  scratch_.Reserve(AttentionScratchFloats(shape.head_width));
  const AttentionGradients tensors = {d_qkv.floats(), d_out.floats(), out.floats(),
                                      log_sum_exp.floats(), qkv.floats()};
  const int32_t* first = starts.empty() ? nullptr : starts.ints();
  const int64_t group = shape.heads / shape.kv_heads;
  pool_.ParallelFor(shape.sequences * shape.kv_heads, [&](int64_t task, int worker) {
    const int64_t sequence = task / shape.kv_heads, first_head = task % shape.kv_heads * group;
    for (int64_t head = first_head; head < first_head + group; ++head) {
      for (int64_t begin = 0; begin < shape.length; begin += kAttentionBlock) {
        const QueryBlock block(shape, first, sequence, head, begin);
        HWY_DYNAMIC_DISPATCH(AttendBlockBackward)
        (tensors, block, head == first_head, scratch_.Of(worker));
      }
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
