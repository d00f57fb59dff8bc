// The CPU's bodies of every op, in float32. Each group of ops has its own file; this is the list.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "kernels/backend.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/thread_pool.h"

namespace upcycle {

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(int threads);

  std::string Name() const override;
  DataType ActivationType() const override { return DataType::kFloat32; }
  bool OnGpu() const override { return false; }
  void* Allocate(int64_t bytes) override;
  void Free(void* memory) override;
  void* AllocateOnHost(int64_t bytes) override { return Allocate(bytes); }
  void FreeOnHost(void* memory) override { Free(memory); }

 private:
  // Reductions to one number are sums of at most this many partial sums.
  static constexpr int64_t kMaximumPartials = 1024;

  // Σ of partial(begin, end) → double over fixed pieces of [0, count), added in their order. The
  // pieces depend on `count` and `smallest_piece` alone.
  template <typename Partial>
  double SumPieces(int64_t count, int64_t smallest_piece, const Partial& partial) {
    const int64_t even = (count + kMaximumPartials - 1) / kMaximumPartials;
    const int64_t piece = even > smallest_piece ? even : smallest_piece;
    pool_.ParallelRanges(count, piece, [&](int64_t begin, int64_t end) {
      partials_[static_cast<size_t>(begin / piece)] = partial(begin, end);
    });
    double sum = 0;
    for (int64_t begin = 0; begin < count; begin += piece) {
      sum += partials_[static_cast<size_t>(begin / piece)];
    }
    return sum;
  }

  // cpu_backend.cpp
  void DoRepeat(std::unique_ptr<Recording>& recording, const std::function<void()>& work) override;

  // copy.cpp
  void DoCopyToHost(Tensor host, ConstTensor source) override;
  void DoCopyFromHost(Tensor destination, ConstTensor host) override;
  void DoCopy(Tensor destination, ConstTensor source) override;
  void DoZero(Tensor x) override;

  // convert.cpp
  void DoConvert(Tensor out, ConstTensor x) override;

  // gemm.cpp, add.cpp, scale.cpp
  void DoMatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                Transpose transpose_b, Accumulate accumulate) override;
  void DoAdd(Tensor out, ConstTensor x) override;
  void DoScale(Tensor x, double factor) override;

  // bias.cpp
  void DoAddBias(Tensor out, ConstTensor bias) override;
  void DoBiasBackward(Tensor d_bias, ConstTensor d_out) override;

  // embedding.cpp
  void DoEmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) override;
  void DoEmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) override;

  // rms_norm.cpp, rms_norm_columns.cpp, layer_norm.cpp
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

  // rope.cpp, attention_forward.cpp, attention_backward.cpp
  void DoRope(Tensor qkv, ConstTensor cosines, ConstTensor sines, const AttentionShape& shape,
              ConstTensor starts, bool backward) override;
  void DoAttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                          const AttentionShape& shape, ConstTensor starts) override;
  void DoAttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                           ConstTensor log_sum_exp, ConstTensor qkv, const AttentionShape& shape,
                           ConstTensor starts) override;

  // attention_cached.cpp
  void DoStoreKeyValues(Tensor cache, ConstTensor qkv, const SequencePlaces& places,
                        const AttentionShape& shape) override;
  void DoAttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache,
                         const SequencePlaces& places, const AttentionShape& shape) override;

  // activation.cpp
  void DoActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                           Activation activation) override;
  void DoActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out, ConstTensor x,
                            ConstTensor row_weight, Activation activation) override;

  // noise.cpp
  void DoJitter(Tensor x, ConstTensor key, double amplitude) override;
  void DoAddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key) override;
  void DoRouterNoiseBackward(Tensor spread, ConstTensor d_logits, ConstTensor key) override;

  // normalize_logits.cpp
  void DoNormalizeLogits(Tensor logits, Tensor rstd, double scale) override;
  void DoNormalizeLogitsBackward(Tensor d_logits, ConstTensor logits, ConstTensor rstd,
                                 double scale) override;

  // sinkhorn.cpp
  void DoSinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits, int64_t rounds) override;

  // router.cpp
  void DoRouterForward(const Routing& routing, ConstTensor logits, const Scoring& scoring,
                       const ExpertRanks& ranks) override;
  void DoRouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                        ConstTensor balance_gradient, double z_factor,
                        const Scoring& scoring) override;

  // balance.cpp
  void DoCountAssignments(Tensor counts, ConstTensor expert) override;
  void DoBalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities, ConstTensor counts,
                     double factor) override;
  void DoRouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor) override;

  // dispatch.cpp, rows.cpp, expert_gemm.cpp
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

  // cross_entropy.cpp, reduce.cpp, adamw.cpp
  void DoCrossEntropy(Tensor losses, ConstTensor logits, Tensor d_logits, ConstTensor targets,
                      double scale) override;
  void DoArgMax(Tensor columns, ConstTensor logits) override;
  void DoSum(Tensor total, ConstTensor x) override;
  void DoGradientNorm(Tensor norm, ConstTensor gradient) override;
  void DoAdamW(Tensor weights, const Moments& moments, ConstTensor gradient, ConstTensor norm,
               const AdamWStep& step, Tensor rounded) override;

  // load_moment.cpp
  void DoLoadMoment(Tensor out, const Moments& moments, Moment which) override;
  void DoStoreMoment(const Moments& moments, Moment which, ConstTensor x) override;

  ThreadPool pool_;
  Scratch scratch_;
  std::array<double, kMaximumPartials> partials_ = {};
};

}  // namespace upcycle
