// What forward and backward attention share, compiled once for each instruction set.
#if defined(UPCYCLE_KERNELS_CPU_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef UPCYCLE_KERNELS_CPU_ATTENTION_INL_H_
#undef UPCYCLE_KERNELS_CPU_ATTENTION_INL_H_
#else
#define UPCYCLE_KERNELS_CPU_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/block_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// out [width, kAttentionBlock] = scale · rows [count, width]ᵀ, with zeros for the missing rows.
inline void TransposeQueries(float* out, ConstBlock rows, int64_t count, int64_t width,
                             float scale) {
  if (count < kAttentionBlock) std::fill_n(out, width * kAttentionBlock, 0.0f);
  TransposeBlock({out, kAttentionBlock}, rows, count, width, scale);
}

// scores [keys, kAttentionBlock] = left [keys, width] · queries [width, kAttentionBlock]. On the
// diagonal a strip of keys begins at its own queries.
inline void MultiplyByQueries(float* scores, ConstBlock left, const float* queries, int64_t keys,
                              int64_t width, bool diagonal) {
  const int64_t strip = diagonal ? kAttentionStrip : keys;
  for (int64_t key = 0; key < keys; key += strip) {
    const int64_t first = diagonal ? key : 0;
    MultiplyBlocks({scores + key * kAttentionBlock + first, kAttentionBlock},
                   {left.values + key * left.stride, left.stride, 1},
                   {queries + first, kAttentionBlock},
                   {.rows = std::min(strip, keys - key),
                    .columns = kAttentionBlock - first,
                    .inner = width,
                    .accumulate = false});
  }
}

// out [count, width] (+)= scores [keys, kAttentionBlock]ᵀ · right [keys, width]: each query's sum
// over keys. On the diagonal a strip of queries reads no key beyond its last.
inline void SumOverKeys(Block out, const float* scores, ConstBlock right, ProductSize size,
                        bool diagonal) {
  const int64_t queries = size.rows, keys = size.inner;
  const int64_t strip = diagonal ? kAttentionStrip : queries;
  for (int64_t q = 0; q < queries; q += strip) {
    size.rows = std::min(strip, queries - q);
    size.inner = diagonal ? std::min(keys, q + strip) : keys;
    MultiplyBlocks({out.values + q * out.stride, out.stride}, {scores + q, 1, kAttentionBlock},
                   right, size);
  }
}

// out [keys, width] (+)= scores [keys, kAttentionBlock] · right [queries, width]: each key's sum
// over queries. On the diagonal a strip of keys reads no query before its first.
inline void SumOverQueries(Block out, const float* scores, ConstBlock right, ProductSize size,
                           bool diagonal) {
  const int64_t keys = size.rows, queries = size.inner;
  const int64_t strip = diagonal ? kAttentionStrip : keys;
  for (int64_t key = 0; key < keys; key += strip) {
    const int64_t first = diagonal ? key : 0;
    size.rows = std::min(strip, keys - key);
    size.inner = queries - first;
    MultiplyBlocks({out.values + key * out.stride, out.stride},
                   {scores + key * kAttentionBlock + first, kAttentionBlock, 1},
                   {right.values + first * right.stride, right.stride}, size);
  }
}

// Of a block's queries, the first key that each sees, counted from the key block's first.
struct FirstKeys {
  float first[kAttentionBlock];

  FirstKeys(const QueryBlock& block, int64_t key) {
    std::fill_n(first, kAttentionBlock, 0.0f);
    for (int64_t q = 0; q < block.count; ++q) {
      first[q] = static_cast<float>(block.own_starts[q] - key);
    }
  }
};

// Lanes of queries from `q` on whose documents begin behind key `key`.
template <class D>
HWY_INLINE auto BeginBehindKey(D d, const FirstKeys& firsts, int64_t q, int64_t key) {
  return hn::Gt(hn::LoadU(d, firsts.first + q), hn::Set(d, static_cast<float>(key)));
}

// Lanes of queries that come before key `key` of a diagonal block, from query `q` on.
template <class D>
HWY_INLINE auto BeforeKey(D d, int64_t q, int64_t key) {
  return hn::Lt(hn::Iota(d, static_cast<float>(q)), hn::Set(d, static_cast<float>(key)));
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#endif
