// Attention, and the rotation before it, passed on.
#include "kernels/forwarding_backend.h"

namespace upcycle {
namespace {

template <typename Substitution>
SequencePlaces Replace(const SequencePlaces& p, const Substitution& in) {
  return {in(p.slots), in(p.past), in(p.added)};
}

}  // namespace

void ForwardingBackend::DoRope(Tensor qkv, ConstTensor cosines, ConstTensor sines,
                               const AttentionShape& shape, ConstTensor starts, bool backward) {
  Around({backward ? "RopeBackward" : "RopeForward",
          {qkv},
          [=](Backend& backend, const Substitution& in) {
            if (backward) {
              backend.RopeBackward(in(qkv), in(cosines), in(sines), shape, in(starts));
            } else {
              backend.RopeForward(in(qkv), in(cosines), in(sines), shape, in(starts));
            }
          }});
}

void ForwardingBackend::DoAttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                                           const AttentionShape& shape, ConstTensor starts) {
  Around({"AttentionForward", {out, log_sum_exp}, [=](Backend& backend, const Substitution& in) {
            backend.AttentionForward(in(out), in(log_sum_exp), in(qkv), shape, in(starts));
          }});
}

void ForwardingBackend::DoAttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                                            ConstTensor log_sum_exp, ConstTensor qkv,
                                            const AttentionShape& shape, ConstTensor starts) {
  Around({"AttentionBackward", {d_qkv}, [=](Backend& backend, const Substitution& in) {
            backend.AttentionBackward(in(d_qkv), in(d_out), in(out), in(log_sum_exp), in(qkv),
                                      shape, in(starts));
          }});
}

void ForwardingBackend::DoStoreKeyValues(Tensor cache, ConstTensor qkv,
                                         const SequencePlaces& places,
                                         const AttentionShape& shape) {
  Around({"StoreKeyValues", {cache}, [=](Backend& backend, const Substitution& in) {
            backend.StoreKeyValues(in(cache), in(qkv), Replace(places, in), shape);
          }});
}

void ForwardingBackend::DoAttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache,
                                          const SequencePlaces& places,
                                          const AttentionShape& shape) {
  Around({"AttentionCached", {out}, [=](Backend& backend, const Substitution& in) {
            backend.AttentionCached(in(out), in(qkv), in(cache), Replace(places, in), shape);
          }});
}

}  // namespace upcycle
