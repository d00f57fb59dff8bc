// The checked fronts of attention and of the rotation before it.
#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/tensor_checks.h"

namespace upcycle {
namespace {

void CheckAttention(const AttentionShape& shape, ConstTensor starts) {
  UPCYCLE_CHECK(shape.sequences >= 1 && shape.length >= 1);
  UPCYCLE_CHECK(shape.heads >= 1 && shape.kv_heads >= 1 && shape.heads % shape.kv_heads == 0);
  UPCYCLE_CHECK(shape.head_width >= 2 && shape.head_width % 2 == 0);
  if (!starts.empty()) CheckInts("starts", starts, {shape.tokens()});
}

void CheckRope(DataType type, ConstTensor qkv, ConstTensor cosines, ConstTensor sines,
               const AttentionShape& shape, ConstTensor starts) {
  CheckAttention(shape, starts);
  CheckTensor("qkv", qkv, type, {shape.tokens(), shape.fused_width()});
  CheckRank("cosines", cosines, 2);
  UPCYCLE_CHECK(cosines.dim(1) >= 1 && cosines.dim(1) <= shape.head_width / 2);
  UPCYCLE_CHECK(cosines.dim(0) >= shape.length);
  CheckFloats("cosines", cosines, {cosines.dim(0), cosines.dim(1)});
  CheckFloats("sines", sines, cosines.shape());
}

void CheckCache(DataType type, ConstTensor cache, const SequencePlaces& places,
                const AttentionShape& shape) {
  CheckAttention(shape, {});
  CheckRank("cache", cache, 3);
  CheckTensor("cache", cache, type,
              {cache.dim(0), cache.dim(1), 2 * shape.kv_heads * shape.head_width});
  CheckInts("slots", places.slots, {shape.sequences});
  CheckInts("past", places.past, {shape.sequences});
  CheckInts("added", places.added, {shape.sequences});
}

}  // namespace

void Backend::RopeForward(Tensor qkv, ConstTensor cosines, ConstTensor sines,
                          const AttentionShape& shape, ConstTensor starts) {
  CheckRope(ActivationType(), qkv, cosines, sines, shape, starts);
  DoRope(qkv, cosines, sines, shape, starts, /*backward=*/false);
}

void Backend::RopeBackward(Tensor d_qkv, ConstTensor cosines, ConstTensor sines,
                           const AttentionShape& shape, ConstTensor starts) {
  CheckRope(ActivationType(), d_qkv, cosines, sines, shape, starts);
  DoRope(d_qkv, cosines, sines, shape, starts, /*backward=*/true);
}

void Backend::AttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                               const AttentionShape& shape, ConstTensor starts) {
  CheckAttention(shape, starts);
  CheckTensor("out", out, ActivationType(), {shape.tokens(), shape.query_width()});
  CheckFloats("log_sum_exp", log_sum_exp, {shape.sequences, shape.heads, shape.length});
  CheckTensor("qkv", qkv, ActivationType(), {shape.tokens(), shape.fused_width()});
  CheckApart("out", out, {qkv});
  DoAttentionForward(out, log_sum_exp, qkv, shape, starts);
}

void Backend::AttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                                ConstTensor log_sum_exp, ConstTensor qkv,
                                const AttentionShape& shape, ConstTensor starts) {
  CheckAttention(shape, starts);
  CheckTensor("d_qkv", d_qkv, ActivationType(), {shape.tokens(), shape.fused_width()});
  CheckTensor("d_out", d_out, ActivationType(), {shape.tokens(), shape.query_width()});
  CheckTensor("out", out, ActivationType(), {shape.tokens(), shape.query_width()});
  CheckFloats("log_sum_exp", log_sum_exp, {shape.sequences, shape.heads, shape.length});
  CheckTensor("qkv", qkv, ActivationType(), {shape.tokens(), shape.fused_width()});
  CheckApart("d_qkv", d_qkv, {d_out, out, qkv});
  DoAttentionBackward(d_qkv, d_out, out, log_sum_exp, qkv, shape, starts);
}

void Backend::StoreKeyValues(Tensor cache, ConstTensor qkv, const SequencePlaces& places,
                             const AttentionShape& shape) {
  CheckCache(ActivationType(), cache, places, shape);
  CheckTensor("qkv", qkv, ActivationType(), {shape.tokens(), shape.fused_width()});
  CheckApart("cache", cache, {qkv});
  DoStoreKeyValues(cache, qkv, places, shape);
}

void Backend::AttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache,
                              const SequencePlaces& places, const AttentionShape& shape) {
  CheckCache(ActivationType(), cache, places, shape);
  CheckTensor("out", out, ActivationType(), {shape.tokens(), shape.query_width()});
  CheckTensor("qkv", qkv, ActivationType(), {shape.tokens(), shape.fused_width()});
  CheckApart("out", out, {qkv, cache});
  DoAttentionCached(out, qkv, cache, places, shape);
}

}  // namespace upcycle
