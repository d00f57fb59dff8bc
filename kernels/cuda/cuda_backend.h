// A GPU's bodies of every op, with activations in float32 or bfloat16. Each group of ops has its
// own file; this is the list.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <cuda_runtime.h>

#include "kernels/backend.h"
#include "kernels/cuda/attention_choice.h"
#include "kernels/cuda/cublas_matmul.h"
#include "kernels/cuda/cudnn_attention.h"
#include "kernels/cuda/host_counts.h"
#include "kernels/cuda/moment_staging.h"
#include "kernels/cuda/scratch.h"
#include "kernels/cuda/side_streams.h"
#include "kernels/cuda/stream.h"
#include "kernels/cuda/workspace.h"
#include "kernels/gpus.h"

namespace upcycle {

// What a kernel cannot throw: it leaves the reason in the backend's fault word, reads and writes
// nothing for it, and the next CopyToHost throws Error(kBug).
enum class DeviceFault : int32_t { kNone, kToken, kExpert, kPlace };

class CudaBackend final : public Backend {
 public:
  // Moments on the host pass through two pieces of device memory of `staging_bytes` each, allocated
  // when there first are such moments.
  CudaBackend(int device, DataType activation_type, int64_t staging_bytes = kCudaStagingBytes / 2,
              AttentionChoice attention = AttentionChoice::kCudnnFirst);
  ~CudaBackend() override;

  std::string Name() const override { return name_; }
  DataType ActivationType() const override { return activation_type_; }
  bool OnGpu() const override { return true; }
  void* Allocate(int64_t bytes) override;
  void Free(void* memory) override;
  void* AllocateOnHost(int64_t bytes) override;
  void FreeOnHost(void* memory) override;

 private:
  // recording.cpp
  void DoRepeat(std::unique_ptr<Recording>& recording, const std::function<void()>& work) override;

  // cuda_backend.cpp
  void DoCopyToHost(Tensor host, ConstTensor source) override;
  void DoCopyFromHost(Tensor destination, ConstTensor host) override;
  void DoCopy(Tensor destination, ConstTensor source) override;
  void DoZero(Tensor x) override;

  // elementwise.cu
  void DoConvert(Tensor out, ConstTensor x) override;
  void DoAdd(Tensor out, ConstTensor x) override;
  void DoScale(Tensor x, double factor) override;

  // bias.cu
  void DoAddBias(Tensor out, ConstTensor bias) override;
  void DoBiasBackward(Tensor d_bias, ConstTensor d_out) override;

  // cuda_backend.cpp, with cublas_matmul.h
  void DoMatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                Transpose transpose_b, Accumulate accumulate) override;

  // embedding.cu
  void DoEmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) override;
  void DoEmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) override;

  // rms_norm.cu, rms_norm_columns.cu, layer_norm.cu
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

  // rope.cu, attention_forward.cu, attention_backward.cu
  void DoRope(Tensor qkv, ConstTensor cosines, ConstTensor sines, const AttentionShape& shape,
              ConstTensor starts, bool backward) override;
  void DoAttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                          const AttentionShape& shape, ConstTensor starts) override;
  void DoAttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                           ConstTensor log_sum_exp, ConstTensor qkv, const AttentionShape& shape,
                           ConstTensor starts) override;

  // attention_cached.cu
  void DoStoreKeyValues(Tensor cache, ConstTensor qkv, const SequencePlaces& places,
                        const AttentionShape& shape) override;
  void DoAttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache,
                         const SequencePlaces& places, const AttentionShape& shape) override;

  // activation.cu
  void DoActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                           Activation activation) override;
  void DoActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out, ConstTensor x,
                            ConstTensor row_weight, Activation activation) override;

  // noise.cu
  void DoJitter(Tensor x, ConstTensor key, double amplitude) override;
  void DoAddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key) override;
  void DoRouterNoiseBackward(Tensor spread, ConstTensor d_logits, ConstTensor key) override;

  // normalize_logits.cu
  void DoNormalizeLogits(Tensor logits, Tensor rstd, double scale) override;
  void DoNormalizeLogitsBackward(Tensor d_logits, ConstTensor logits, ConstTensor rstd,
                                 double scale) override;

  // sinkhorn.cu
  void DoSinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits, int64_t rounds) override;

  // router.cu
  void DoRouterForward(const Routing& routing, ConstTensor logits, const Scoring& scoring,
                       const ExpertRanks& ranks) override;
  void DoRouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                        ConstTensor balance_gradient, double z_factor,
                        const Scoring& scoring) override;

  // balance.cu
  void DoCountAssignments(Tensor counts, ConstTensor expert) override;
  void DoBalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities, ConstTensor counts,
                     double factor) override;
  void DoRouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor) override;

  // dispatch.cu, rows.cu, expert_paths.cpp
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

  // cross_entropy.cu, reduce.cu, adamw.cu
  void DoCrossEntropy(Tensor losses, ConstTensor logits, Tensor d_logits, ConstTensor targets,
                      double scale) override;
  void DoArgMax(Tensor columns, ConstTensor logits) override;
  void DoSum(Tensor total, ConstTensor x) override;
  void DoGradientNorm(Tensor norm, ConstTensor gradient) override;
  void DoAdamW(Tensor weights, const Moments& moments, ConstTensor gradient, ConstTensor norm,
               const AdamWStep& step, Tensor rounded) override;

  // load_moment.cu
  void DoLoadMoment(Tensor out, const Moments& moments, Moment which) override;
  void DoStoreMoment(const Moments& moments, Moment which, ConstTensor x) override;

  // out (+)= op(a) · op(b) for each expert.
  struct ExpertProduct {
    Tensor out;
    ConstTensor a;
    Transpose transpose_a;
    ConstTensor b;
    Transpose transpose_b;
    Accumulate accumulate;
  };
  // Device and pinned memory of one word each.
  struct FaultWord {
    int32_t* device = nullptr;
    int32_t* host = nullptr;
    FaultWord();
    ~FaultWord();
    FaultWord(const FaultWord&) = delete;
    FaultWord& operator=(const FaultWord&) = delete;
  };

  // Waits for the stream; throws what kernels found wrong.
  void Finish();
  // `work` as a graph, which nothing has done yet; null if it cannot be one.
  cudaGraphExec_t Record(const std::function<void()>& work);

  void MultiplyPadded(const ExpertProduct& product, int64_t experts);
  void MultiplyOnStreams(const ExpertProduct& product, const Dispatch& dispatch);
  void MultiplyWithCublas(const ExpertProduct& product, const Dispatch& dispatch);

  std::string name_;
  DataType activation_type_;
  CudaStream owned_stream_;
  FaultWord fault_word_;
  cudaStream_t stream_;
  int32_t* fault_;
  DeviceScratch scratch_;
  MomentStaging staging_;
  ProductWorkspace workspace_;
  CublasMatMul matmul_;
  HostCounts host_counts_;
  std::unique_ptr<CudnnAttention> cudnn_attention_;  // null where own kernels do everything
  std::unique_ptr<SideStreams> side_streams_;        // made when first needed
  // Whether the host has waited, copied or allocated since this was last cleared: what a recording
  // cannot hold.
  bool host_took_part_ = false;
  bool repeats_ = false;  // in a call of Repeat
};

}  // namespace upcycle
