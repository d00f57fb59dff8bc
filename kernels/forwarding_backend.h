// A backend in front of another. Every op becomes a Call, which whoever derives from it may look at
// from both sides: time it, or do it a second time elsewhere.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace upcycle {

class ForwardingBackend : public Backend {
 public:
  // `inner` outlives this.
  explicit ForwardingBackend(Backend& inner) : inner_(inner) {}

  std::string Name() const override { return inner_.Name(); }
  DataType ActivationType() const override { return inner_.ActivationType(); }
  bool OnGpu() const override { return inner_.OnGpu(); }
  void* Allocate(int64_t bytes) override { return inner_.Allocate(bytes); }
  void Free(void* memory) override { inner_.Free(memory); }
  void* AllocateOnHost(int64_t bytes) override { return inner_.AllocateOnHost(bytes); }
  void FreeOnHost(void* memory) override { inner_.FreeOnHost(memory); }

 protected:
  // What takes the place of a call's tensors.
  class Substitution {
   public:
    virtual ~Substitution() = default;
    Tensor operator()(const ConstTensor& x) const { return x.empty() ? Tensor() : Find(x, false); }
    // For a tensor whose type is the op's own choice and not the backend's activation type.
    Tensor Typed(const ConstTensor& x) const { return x.empty() ? Tensor() : Find(x, true); }

   private:
    virtual Tensor Find(const ConstTensor& x, bool keeps_type) const = 0;
  };

  struct Call {
    const char* name;
    std::vector<Tensor> outputs;  // also what is added to, and so read
    // The same op on any backend, with other tensors in the place of these.
    std::function<void(Backend&, const Substitution&)> run;
    // Where given, only the rows of outputs that it serves are specified.
    std::optional<Dispatch> served = std::nullopt;
  };

  Backend& inner() { return inner_; }
  // The call as it was meant.
  void RunInside(const Call& call);

 private:
  class Itself;

  virtual void Around(const Call& call) = 0;

  // Bodies: each makes a Call. Copies to and from the host go straight through, and repeated work
  // is done plainly, so that its ops are seen every time.
  void DoRepeat(std::unique_ptr<Recording>& recording, const std::function<void()>& work) override;
  void DoCopyToHost(Tensor host, ConstTensor source) override;
  void DoCopyFromHost(Tensor destination, ConstTensor host) override;
  void DoCopy(Tensor destination, ConstTensor source) override;
  void DoZero(Tensor x) override;
  void DoConvert(Tensor out, ConstTensor x) override;
  void DoMatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                Transpose transpose_b, Accumulate accumulate) override;
  void DoAdd(Tensor out, ConstTensor x) override;
  void DoAddBias(Tensor out, ConstTensor bias) override;
  void DoBiasBackward(Tensor d_bias, ConstTensor d_out) override;
  void DoScale(Tensor x, double factor) override;
  void DoEmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) override;
  void DoEmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) override;
  void DoRmsNormForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                        double epsilon) override;
  void DoRmsNormBackward(Tensor d_x, Tensor d_weight, ConstTensor d_out, ConstTensor x,
                         ConstTensor weight, ConstTensor rstd) override;
  void DoRmsNormColumnsForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                               int64_t begin, double epsilon) override;
  void DoRmsNormColumnsBackward(Tensor d_x, Tensor d_weight, ConstTensor x, ConstTensor weight,
                                ConstTensor rstd, int64_t begin) override;
  void DoLayerNormForward(Tensor out, Tensor mean, Tensor rstd, ConstTensor x, ConstTensor weight,
                          ConstTensor bias, double epsilon) override;
  void DoLayerNormBackward(Tensor d_x, Tensor d_weight, Tensor d_bias, ConstTensor d_out,
                           ConstTensor x, ConstTensor weight, ConstTensor mean,
                           ConstTensor rstd) override;
  void DoRope(Tensor qkv, ConstTensor cosines, ConstTensor sines, const AttentionShape& shape,
              ConstTensor starts, bool backward) override;
  void DoAttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                          const AttentionShape& shape, ConstTensor starts) override;
  void DoAttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                           ConstTensor log_sum_exp, ConstTensor qkv, const AttentionShape& shape,
                           ConstTensor starts) override;
  void DoStoreKeyValues(Tensor cache, ConstTensor qkv, const SequencePlaces& places,
                        const AttentionShape& shape) override;
  void DoAttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache,
                         const SequencePlaces& places, const AttentionShape& shape) override;
  void DoActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                           Activation activation) override;
  void DoActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out, ConstTensor x,
                            ConstTensor row_weight, Activation activation) override;
  void DoJitter(Tensor x, ConstTensor key, double amplitude) override;
  void DoAddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key) override;
  void DoRouterNoiseBackward(Tensor spread, ConstTensor d_logits, ConstTensor key) override;
  void DoNormalizeLogits(Tensor logits, Tensor rstd, double scale) override;
  void DoNormalizeLogitsBackward(Tensor d_logits, ConstTensor logits, ConstTensor rstd,
                                 double scale) override;
  void DoSinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits, int64_t rounds) override;
  void DoRouterForward(const Routing& routing, ConstTensor logits, const Scoring& scoring,
                       const ExpertRanks& ranks) override;
  void DoRouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                        ConstTensor balance_gradient, double z_factor,
                        const Scoring& scoring) override;
  void DoCountAssignments(Tensor counts, ConstTensor expert) override;
  void DoBalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities, ConstTensor counts,
                     double factor) override;
  void DoRouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor) override;
  void DoPlanDispatch(const Dispatch& dispatch, ConstTensor expert, ConstTensor weight,
                      int64_t capacity, DropPolicy policy) override;
  void DoGatherRows(Tensor rows, ConstTensor x, const Dispatch& dispatch) override;
  void DoCombineRows(Tensor out, ConstTensor rows, const Dispatch& dispatch,
                     Accumulate accumulate) override;
  void DoGatherWeights(Tensor row_weight, ConstTensor weight, const Dispatch& dispatch) override;
  void DoScatterWeights(Tensor d_weight, ConstTensor d_row_weight,
                        const Dispatch& dispatch) override;
  void DoExpertMatMul(Tensor out, ConstTensor rows, ConstTensor weights,
                      const Dispatch& dispatch) override;
  void DoExpertMatMulBackwardRows(Tensor d_rows, ConstTensor d_out, ConstTensor weights,
                                  const Dispatch& dispatch) override;
  void DoExpertMatMulBackwardWeights(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                                     const Dispatch& dispatch) override;
  void DoCrossEntropy(Tensor losses, ConstTensor logits, Tensor d_logits, ConstTensor targets,
                      double scale) override;
  void DoArgMax(Tensor columns, ConstTensor logits) override;
  void DoSum(Tensor total, ConstTensor x) override;
  void DoGradientNorm(Tensor norm, ConstTensor gradient) override;
  void DoAdamW(Tensor weights, const Moments& moments, ConstTensor gradient, ConstTensor norm,
               const AdamWStep& step, Tensor rounded) override;
  void DoLoadMoment(Tensor out, const Moments& moments, Moment which) override;
  void DoStoreMoment(const Moments& moments, Moment which, ConstTensor x) override;

  Backend& inner_;
};

}  // namespace upcycle
