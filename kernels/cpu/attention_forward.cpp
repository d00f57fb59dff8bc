// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_forward.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/attention-inl.h"
// clang-format on

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/cpu_backend.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

using PerQuery = std::array<float, kAttentionBlock>;

// Each query's softmax over the keys seen so far: the largest score and Σ exp(score - largest).
struct RunningSoftmax {
  PerQuery largest;
  PerQuery sum;
  PerQuery shrink;  // by what earlier sums shrank at the last block

  RunningSoftmax() {
    largest.fill(-std::numeric_limits<float>::infinity());
    sum.fill(0);
  }
};

// scores [keys, queries] become exp(score - largest), and 0 where the mask is.
void ExpOfScores(float* HWY_RESTRICT scores, int64_t keys, bool diagonal, RunningSoftmax& softmax) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto minus_infinity = hn::Set(d, -std::numeric_limits<float>::infinity());
  for (int64_t q = 0; q < kAttentionBlock; q += lanes) {
    // On the diagonal, keys from `whole` on are masked for some of these queries, and keys from
    // `reach` on for all.
    const int64_t reach = diagonal ? std::min(keys, q + lanes) : keys;
    const int64_t whole = diagonal ? std::min(keys, q + 1) : keys;
    float* HWY_RESTRICT column = scores + q;
    const auto before = hn::LoadU(d, softmax.largest.data() + q);
    auto largest = before;
    for (int64_t k = 0; k < whole; ++k) {
      largest = hn::Max(largest, hn::LoadU(d, column + k * kAttentionBlock));
    }
    for (int64_t k = whole; k < reach; ++k) {
      const auto score = hn::LoadU(d, column + k * kAttentionBlock);
      largest = hn::Max(largest, hn::IfThenElse(BeforeKey(d, q, k), minus_infinity, score));
    }
    const auto shrink = ExpOfNonPositive(d, hn::Sub(before, largest));
    auto sum = hn::Mul(shrink, hn::LoadU(d, softmax.sum.data() + q));
    for (int64_t k = 0; k < whole; ++k) {
      float* at = column + k * kAttentionBlock;
      const auto e = ExpOfNonPositive(d, hn::Sub(hn::LoadU(d, at), largest));
      hn::StoreU(e, d, at);
      sum = hn::Add(sum, e);
    }
    for (int64_t k = whole; k < reach; ++k) {
      float* at = column + k * kAttentionBlock;
      const auto e = hn::IfThenZeroElse(BeforeKey(d, q, k),
                                        ExpOfNonPositive(d, hn::Sub(hn::LoadU(d, at), largest)));
      hn::StoreU(e, d, at);
      sum = hn::Add(sum, e);
    }
    // Strips of queries are wider than vectors of 8 lanes: what they read beyond is nothing.
    for (int64_t k = reach;
         diagonal && k < std::min(keys, q / kAttentionStrip * kAttentionStrip + kAttentionStrip);
         ++k) {
      hn::StoreU(hn::Zero(d), d, column + k * kAttentionBlock);
    }
    hn::StoreU(largest, d, softmax.largest.data() + q);
    hn::StoreU(sum, d, softmax.sum.data() + q);
    hn::StoreU(shrink, d, softmax.shrink.data() + q);
  }
}

// The same where some queries do not see the block's first keys. A query that has seen no key yet
// has no largest score: its sums stay 0.
void ExpOfMaskedScores(float* HWY_RESTRICT scores, int64_t keys, bool diagonal,
                       const FirstKeys& firsts, RunningSoftmax& softmax) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto minus_infinity = hn::Set(d, -std::numeric_limits<float>::infinity());
  const auto hidden = [&](int64_t q, int64_t k) HWY_ATTR {
    const auto earlier = BeginBehindKey(d, firsts, q, k);
    return diagonal ? hn::Or(earlier, BeforeKey(d, q, k)) : earlier;
  };
  for (int64_t q = 0; q < kAttentionBlock; q += lanes) {
    float* HWY_RESTRICT column = scores + q;
    const auto before = hn::LoadU(d, softmax.largest.data() + q);
    auto largest = before;
    for (int64_t k = 0; k < keys; ++k) {
      const auto score = hn::LoadU(d, column + k * kAttentionBlock);
      largest = hn::Max(largest, hn::IfThenElse(hidden(q, k), minus_infinity, score));
    }
    const auto reference = hn::IfThenZeroElse(hn::Eq(largest, minus_infinity), largest);
    const auto shrink = ExpOfNonPositive(d, hn::Sub(before, reference));
    auto sum = hn::Mul(shrink, hn::LoadU(d, softmax.sum.data() + q));
    for (int64_t k = 0; k < keys; ++k) {
      float* at = column + k * kAttentionBlock;
      const auto e = ExpOfNonPositive(d, hn::Sub(hn::LoadU(d, at), reference));
      const auto weight = hn::IfThenZeroElse(hidden(q, k), e);
      hn::StoreU(weight, d, at);
      sum = hn::Add(sum, weight);
    }
    hn::StoreU(largest, d, softmax.largest.data() + q);
    hn::StoreU(sum, d, softmax.sum.data() + q);
    hn::StoreU(shrink, d, softmax.shrink.data() + q);
  }
}

// out and log_sum_exp of one block of queries.
void AttendBlock(float* out, float* log_sum_exp, const float* qkv, const QueryBlock& block,
                 float* scratch) {
  float* scores = scratch;
  float* queries = scratch + kScoreFloats;
  const int64_t width = block.width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  TransposeQueries(queries, {qkv + block.query, block.stride}, block.count, width, scale);
  const Block out_rows = {out + block.out, block.out_stride};
  RunningSoftmax softmax;
  const int64_t begin = block.FirstKeyBlock();
  for (int64_t first = begin; first <= block.begin; first += kAttentionBlock) {
    const bool diagonal = first == block.begin;
    const int64_t keys = diagonal ? block.count : kAttentionBlock;
    const ConstBlock key = {qkv + block.key + first * block.stride, block.stride};
    const ConstBlock value = {qkv + block.value + first * block.stride, block.stride};
    MultiplyByQueries(scores, key, queries, keys, width, diagonal);
    if (block.BeginsBehind(first)) {
      ExpOfMaskedScores(scores, keys, diagonal, FirstKeys(block, first), softmax);
    } else {
      ExpOfScores(scores, keys, diagonal, softmax);
    }
    for (int64_t q = 0; first > begin && q < block.count; ++q) {
      const float shrink = softmax.shrink[static_cast<size_t>(q)];
      if (shrink != 1) Scale(out_rows.values + q * out_rows.stride, width, shrink);
    }
    SumOverKeys(out_rows, scores, value,
                {.rows = block.count, .columns = width, .inner = keys, .accumulate = first > begin},
                diagonal);
  }
  for (int64_t q = 0; q < block.count; ++q) {
    const auto i = static_cast<size_t>(q);
    Scale(out_rows.values + q * out_rows.stride, width, 1 / softmax.sum[i]);
    log_sum_exp[block.log_sum_exp + q] = softmax.largest[i] + std::log(softmax.sum[i]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {

HWY_EXPORT(AttendBlock);

void CpuBackend::DoAttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                                    const AttentionShape& shape, ConstTensor starts) {
  scratch_.Reserve(AttentionScratchFloats(shape.head_width));
  const int32_t* first = starts.empty() ? nullptr : starts.ints();
  const int64_t blocks = (shape.length + kAttentionBlock - 1) / kAttentionBlock;
  // The blocks of a head follow each other: its keys and values stay in a cache.
  pool_.ParallelFor(shape.sequences * shape.heads * blocks, [&](int64_t task, int worker) {
    const int64_t head = task / blocks % shape.heads, sequence = task / blocks / shape.heads;
    const QueryBlock block(shape, first, sequence, head, task % blocks * kAttentionBlock);
    HWY_DYNAMIC_DISPATCH(AttendBlock)
    (out.floats(), log_sum_exp.floats(), qkv.floats(), block, scratch_.Of(worker));
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
