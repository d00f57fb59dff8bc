// Every operation of the model, stated once: equation, shapes, checks. Two bodies implement it,
// kernels/cpu and kernels/cuda.
//
// Conventions
//   Outputs first, then inputs, then scalars. All tensors live in this backend's memory.
//   n tokens of a micro-batch (B sequences of L tokens, n = B·L), D width, H heads, K key/value
//   heads, W head width, F hidden width, V vocabulary, E experts, T experts a token, C rows that an
//   expert can serve, R rows of assignments: n·T, or E·C (ExpertPath).
//   "+=" in an equation means that the output accumulates. Gradients are named d_x; gradients of
//   weights always accumulate.
//   Activations, their gradients and the weights that products, norms and the embedding read have
//   the backend's activation type, float32 or bfloat16; sums run in float32. Everything else is
//   float32 whatever that type: what the router reads and says and its gradients, rstd,
//   log_sum_exp, losses, gradients of weights, master weights; and int32 where it says so. Moments
//   have types of their own (Moments). Shape mistakes are bugs of ours: the checked front throws
//   Error(Cause::kBug). Every op gives the same bits for any number of threads; on CUDA reductions
//   have a fixed order. Calls may be asynchronous; CopyToHost waits for all that came before it. No
//   op allocates.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/recipe/families.h"
#include "core/tensor.h"
#include "kernels/adamw_step.h"
#include "kernels/routing.h"
#include "kernels/sequence_places.h"

namespace upcycle {

enum class Transpose { kNo, kYes };
enum class Accumulate { kNo, kYes };

// Width of what enters an activation (families.h) for a hidden width F: with a gate 2F, whose rows
// hold [gate | up], else F.
constexpr int64_t ActivationInputs(Activation activation, int64_t hidden) {
  return IsGated(activation) ? 2 * hidden : hidden;
}

struct AttentionShape {
  int64_t sequences = 0;   // B
  int64_t length = 0;      // L
  int64_t heads = 0;       // H
  int64_t kv_heads = 0;    // K, divides H
  int64_t head_width = 0;  // W, even

  int64_t tokens() const { return sequences * length; }
  int64_t query_width() const { return heads * head_width; }  // columns of q and of out
  int64_t fused_width() const { return (heads + 2 * kv_heads) * head_width; }  // [q | k | v]
};

// What a backend remembers of work that is repeated. Made by Backend::Repeat, owned by its caller,
// destroyed before the backend.
class Recording {
 public:
  virtual ~Recording() = default;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 protected:
  Recording() = default;
};

class Backend {
 public:
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // "cpu (AVX-512, 2 threads)", for provenance and messages.
  virtual std::string Name() const = 0;

  // float32 or bfloat16; see the conventions above.
  virtual DataType ActivationType() const = 0;

  virtual bool OnGpu() const = 0;

  // Does `work`: calls of this backend's ops alone, with the same tensors, sizes and scalars every
  // time; only what is in the tensors may change (so not AdamW, whose step counts on). No copies to
  // or from the host, no Allocate or Free, no Repeat. `recording` is empty at first and belongs to
  // this work. A GPU does the work plainly at first, then records and from then on replays it
  // without calling `work`, at the cost of one launch; what cannot be recorded, such as
  // ExpertPath::kStreams, it goes on doing plainly. `work` may be called twice in one Repeat: a
  // failed attempt to record it has changed no tensor.
  void Repeat(std::unique_ptr<Recording>& recording, const std::function<void()>& work);

  // --- memory
  // ---------------------------------------------------------------------------------------

  // `bytes` of zeroed memory, aligned for every op. Throws Error(k[Device]Memory) naming them.
  virtual void* Allocate(int64_t bytes) = 0;
  virtual void Free(void* memory) = 0;
  // The same in the host's memory, where the device reaches it, for moments alone: of all ops only
  // AdamW, LoadMoment and StoreMoment take it. The host may read it after a CopyToHost.
  virtual void* AllocateOnHost(int64_t bytes) = 0;
  virtual void FreeOnHost(void* memory) = 0;
  // Copies whole tensors between this backend's memory and the host's; shapes and types agree.
  void CopyToHost(Tensor host, ConstTensor source);
  void CopyFromHost(Tensor destination, ConstTensor host);
  void Copy(Tensor destination, ConstTensor source);
  void Zero(Tensor x);
  // out = x, each float32 or bfloat16, rounded to nearest even.
  void Convert(Tensor out, ConstTensor x);

  // --- dense algebra
  // --------------------------------------------------------------------------------

  // out [M, N] (+)= op(a) · op(b), where op(a) is [M, I] and op(b) is [I, N]. Either all three are
  // float32, or a and b have the activation type and out that type or float32.
  void MatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
              Transpose transpose_b, Accumulate accumulate = Accumulate::kNo);
  // out += x, any equal shapes, both of the activation type or both float32.
  void Add(Tensor out, ConstTensor x);
  // out [n, C] += bias [C] in every row.
  void AddBias(Tensor out, ConstTensor bias);
  // d_bias [C] += Σ rows of d_out [n, C].
  void BiasBackward(Tensor d_bias, ConstTensor d_out);
  // x *= factor, any shape, of the activation type.
  void Scale(Tensor x, double factor);

  // --- embedding
  // ------------------------------------------------------------------------------------

  // out [n, D] = table [V, D] at tokens [n] int32.
  void EmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens);
  // d_table [V, D] at tokens += d_out, in the order of the tokens.
  void EmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens);

  // --- normalisation (rows of x [n, D])
  // --------------------------------------------------------------

  // rstd = 1 / sqrt(mean(x²) + epsilon), out = x · rstd · weight (Zhang and Sennrich 2019).
  void RmsNormForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight, double epsilon);
  // d_x += …, d_weight +=.
  void RmsNormBackward(Tensor d_x, Tensor d_weight, ConstTensor d_out, ConstTensor x,
                       ConstTensor weight, ConstTensor rstd);
  // The same of pieces of rows: the columns [begin, begin + G·g) of x [n, C] are G groups of g,
  // each with a mean of squares of its own and all with one weight [g]; rstd [n, G]. Other columns
  // of out [n, C] are left alone.
  void RmsNormColumnsForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                             int64_t begin, double epsilon);
  // Those columns of d_x [n, C] hold the gradient of `out` and become that of x; d_weight +=.
  void RmsNormColumnsBackward(Tensor d_x, Tensor d_weight, ConstTensor x, ConstTensor weight,
                              ConstTensor rstd, int64_t begin);
  // out = (x - mean) · rstd · weight + bias, with the biased variance (Ba, Kiros, Hinton 2016).
  // Both of weight and bias may be empty, for 1 and 0: then their gradients are too.
  void LayerNormForward(Tensor out, Tensor mean, Tensor rstd, ConstTensor x, ConstTensor weight,
                        ConstTensor bias, double epsilon);
  // d_x += …, d_weight +=, d_bias +=.
  void LayerNormBackward(Tensor d_x, Tensor d_weight, Tensor d_bias, ConstTensor d_out,
                         ConstTensor x, ConstTensor weight, ConstTensor mean, ConstTensor rstd);

  // --- attention
  // ------------------------------------------------------------------------------------

  // Rotates q and k of qkv [n, (H + 2K)·W] in place by angles whose cosines and sines [P, R/2] are
  // each position's, with P ≥ L and R ≤ W (Su et al. 2021). Element i of a head pairs with i + R/2,
  // as in Hugging Face's Llama; those from R on stay. The backward pass is the opposite rotation.
  //
  // starts [n] int32 divides sequences into documents: where in its sequence each token's document
  // begins, so that it is at most the token's own place and never falls within a sequence. A
  // token's position counts from there. Empty: each sequence is one document. To turn alone, and
  // not to attend, a document may begin before its sequence, at a negative place, as long as
  // positions stay below P.
  void RopeForward(Tensor qkv, ConstTensor cosines, ConstTensor sines, const AttentionShape& shape,
                   ConstTensor starts = {});
  void RopeBackward(Tensor d_qkv, ConstTensor cosines, ConstTensor sines,
                    const AttentionShape& shape, ConstTensor starts = {});
  // Causal attention within documents, scores scaled by 1/sqrt(W); query head h reads key head
  // h·K/H. out [n, H·W]; log_sum_exp [B, H, L] of the scaled scores, kept for the backward pass.
  void AttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                        const AttentionShape& shape, ConstTensor starts = {});
  // d_qkv [n, (H + 2K)·W] is overwritten.
  void AttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out, ConstTensor log_sum_exp,
                         ConstTensor qkv, const AttentionShape& shape, ConstTensor starts = {});

  // Copies keys and values of the tokens that `places` adds into cache [S, C, 2·K·W], S slots of C
  // tokens [k | v].
  void StoreKeyValues(Tensor cache, ConstTensor qkv, const SequencePlaces& places,
                      const AttentionShape& shape);
  // AttentionForward of sequences that go on: each query reads the cache, where its own key is
  // stored, up to its own place. Rows that `places` does not add become 0.
  void AttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache, const SequencePlaces& places,
                       const AttentionShape& shape);

  // --- activation
  // -----------------------------------------------------------------------------------

  // out [R, F] = row_weight[r] · activation(x [R, ActivationInputs(F)]); an empty row_weight
  // means 1.
  void ActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight, Activation activation);
  // d_x is overwritten; d_row_weight [R] = Σ_f d_out · activation(x), left out when empty.
  void ActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out, ConstTensor x,
                          ConstTensor row_weight, Activation activation);

  // --- router
  // ---------------------------------------------------------------------------------------

  // What a router reads and says on the way, in float32; Sinkhorn's ranks aside each in place.

  // x *= 1 + amplitude · u for u uniform in (-1, 1), a function of key [2] int32 and the element's
  // index (kernels/counter_bits.h). Its backward pass is the same call on the gradient.
  void Jitter(Tensor x, ConstTensor key, double amplitude);
  // logits [n, E] += ε · softplus(spread [n, E]) for ε standard normal, of key and index.
  void AddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key);
  // spread becomes its gradient, d_logits · ε · sigmoid(spread), with the ε of the same key.
  void RouterNoiseBackward(Tensor spread, ConstTensor d_logits, ConstTensor key);
  // logits [n, E] becomes scale · (logits - mean) · rstd of each row, with the biased variance;
  // rstd [n] = 1 / sqrt(variance + 1e-6).
  void NormalizeLogits(Tensor logits, Tensor rstd, double scale);
  // d_logits [n, E] becomes the gradient of what was normalised to `logits`.
  void NormalizeLogitsBackward(Tensor d_logits, ConstTensor logits, ConstTensor rstd, double scale);
  // ranks [n, E]: softmax(logits), and then `rounds` times every expert's column scaled to the sum
  // n/E, and every token's row to the sum 1. columns [E] are the last round's factors.
  void SinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits, int64_t rounds);

  // Fills `routing` from logits [n, E] (routing.h says how).
  void RouterForward(const Routing& routing, ConstTensor logits, const Scoring& scoring,
                     const ExpertRanks& ranks = {});
  // d_logits [n, E] = what flows through the weights (d_weight [n, T]), plus the load-balance
  // loss's gradient on the probabilities (balance_gradient [S, E], row s for the s-th n/S tokens;
  // may be empty), plus z_factor · ∂/∂logits Σ log_sum_exp². The choice itself has no gradient.
  void RouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                      ConstTensor balance_gradient, double z_factor, const Scoring& scoring);
  // counts [S, E] int32 = assignments of each of S equal spans of tokens, expert [n, T].
  void CountAssignments(Tensor counts, ConstTensor expert);
  // gradient [S, E] = factor · counts; loss [1] = Σ_s Σ_e gradient[s, e] · Σ_{t in s} p[t, e].
  // With factor = c·E/(T·m²) for spans of m tokens this is the loss of Switch (Fedus et al. 2021)
  // as Megatron-Core scales it: c at perfect balance.
  void BalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities, ConstTensor counts,
                   double factor);
  // loss [1] = factor · Σ log_sum_exp² (ST-MoE, Zoph et al. 2022).
  void RouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor);

  // --- experts
  // --------------------------------------------------------------------------------------

  // Gives every assignment a row, at most `capacity` for each expert, which is C for
  // ExpertPath::kPadded. kProbs keeps the largest weights (equal: the earlier token), kPosition the
  // earliest tokens.
  void PlanDispatch(const Dispatch& dispatch, ConstTensor expert, ConstTensor weight,
                    int64_t capacity, DropPolicy policy);
  // rows [R, D] = x [n, D] at each row's token; unserved rows become 0.
  void GatherRows(Tensor rows, ConstTensor x, const Dispatch& dispatch);
  // out [n, D] (+)= Σ_j rows[row_of[t, j]] in the order of j; dropped assignments add nothing.
  void CombineRows(Tensor out, ConstTensor rows, const Dispatch& dispatch,
                   Accumulate accumulate = Accumulate::kNo);
  // row_weight [R] = weight [n, T] of each row's assignment; unserved rows become 0.
  void GatherWeights(Tensor row_weight, ConstTensor weight, const Dispatch& dispatch);
  // d_weight [n, T] = d_row_weight [R] of each assignment's row; 0 where it was dropped.
  void ScatterWeights(Tensor d_weight, ConstTensor d_row_weight, const Dispatch& dispatch);
  // For each expert e: out [R, O] rows = rows [R, I] · weights[e] [O, I]ᵀ. Unserved rows are left
  // alone, but with ExpertPath::kPadded they take part: those of `rows` must be zero, and those of
  // `out` become so as long as the weights are finite. GatherRows begins with zeros, activations
  // and these products keep them, forward and backward.
  void ExpertMatMul(Tensor out, ConstTensor rows, ConstTensor weights, const Dispatch& dispatch);
  // d_rows [R, I] rows = d_out [R, O] · weights[e].
  void ExpertMatMulBackwardRows(Tensor d_rows, ConstTensor d_out, ConstTensor weights,
                                const Dispatch& dispatch);
  // d_weights[e] [O, I] += d_outᵀ · rows, over e's rows; nothing for an expert without rows. With
  // ExpertPath::kPadded, d_out and rows must be finite on unserved rows and one of them zero.
  void ExpertMatMulBackwardWeights(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                                   const Dispatch& dispatch);

  // --- loss
  // -----------------------------------------------------------------------------------------

  // losses [n] = log Σ exp(logits) - logits[target]; a target of -1 gives 0. logits [n, V], targets
  // [n].
  void CrossEntropyForward(Tensor losses, ConstTensor logits, ConstTensor targets);
  // As forward, and logits becomes its own gradient: scale · (softmax - one-hot), 0 for target -1.
  void CrossEntropyBackward(Tensor losses, Tensor logits, ConstTensor targets, double scale);
  // columns [n] int32 = where each row of logits [n, V] is largest; of equals the first.
  void ArgMax(Tensor columns, ConstTensor logits);
  // total [1] = Σ x, accumulated in double.
  void Sum(Tensor total, ConstTensor x);

  // --- optimizer
  // ------------------------------------------------------------------------------------

  // norm [1] = sqrt(Σ g²) over all of a flat gradient, accumulated in double.
  void GradientNorm(Tensor norm, ConstTensor gradient);
  // g = gradient · min(1, clip_norm / norm); m, v moments; weights -= lr · (m̂/(sqrt(v̂) + ε) +
  // wd·weights), all in float32: the weights move by moments that are not rounded yet. `rounded`,
  // unless empty, gets the new weights in the activation type.
  void AdamW(Tensor weights, const Moments& moments, ConstTensor gradient, ConstTensor norm,
             const AdamWStep& step, Tensor rounded = {});
  // out = one of the moments in float32, of its shape.
  void LoadMoment(Tensor out, const Moments& moments, Moment which);
  // One of the moments = x, rounded to the nearest. What LoadMoment gave becomes the bits that it
  // was read from.
  void StoreMoment(const Moments& moments, Moment which, ConstTensor x);

 protected:
  Backend() = default;

 private:
  // The bodies: arguments have passed the checks above.
  virtual void DoRepeat(std::unique_ptr<Recording>& recording,
                        const std::function<void()>& work) = 0;
  virtual void DoCopyToHost(Tensor host, ConstTensor source) = 0;
  virtual void DoCopyFromHost(Tensor destination, ConstTensor host) = 0;
  virtual void DoCopy(Tensor destination, ConstTensor source) = 0;
  virtual void DoZero(Tensor x) = 0;
  virtual void DoConvert(Tensor out, ConstTensor x) = 0;
  virtual void DoMatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                        Transpose transpose_b, Accumulate accumulate) = 0;
  virtual void DoAdd(Tensor out, ConstTensor x) = 0;
  virtual void DoAddBias(Tensor out, ConstTensor bias) = 0;
  virtual void DoBiasBackward(Tensor d_bias, ConstTensor d_out) = 0;
  virtual void DoScale(Tensor x, double factor) = 0;
  virtual void DoEmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) = 0;
  virtual void DoEmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) = 0;
  virtual void DoRmsNormForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                                double epsilon) = 0;
  virtual void DoRmsNormBackward(Tensor d_x, Tensor d_weight, ConstTensor d_out, ConstTensor x,
                                 ConstTensor weight, ConstTensor rstd) = 0;
  virtual void DoRmsNormColumnsForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                                       int64_t begin, double epsilon) = 0;
  virtual void DoRmsNormColumnsBackward(Tensor d_x, Tensor d_weight, ConstTensor x,
                                        ConstTensor weight, ConstTensor rstd, int64_t begin) = 0;
  virtual void DoLayerNormForward(Tensor out, Tensor mean, Tensor rstd, ConstTensor x,
                                  ConstTensor weight, ConstTensor bias, double epsilon) = 0;
  virtual void DoLayerNormBackward(Tensor d_x, Tensor d_weight, Tensor d_bias, ConstTensor d_out,
                                   ConstTensor x, ConstTensor weight, ConstTensor mean,
                                   ConstTensor rstd) = 0;
  virtual void DoRope(Tensor qkv, ConstTensor cosines, ConstTensor sines,
                      const AttentionShape& shape, ConstTensor starts, bool backward) = 0;
  virtual void DoAttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                                  const AttentionShape& shape, ConstTensor starts) = 0;
  virtual void DoAttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                                   ConstTensor log_sum_exp, ConstTensor qkv,
                                   const AttentionShape& shape, ConstTensor starts) = 0;
  virtual void DoStoreKeyValues(Tensor cache, ConstTensor qkv, const SequencePlaces& places,
                                const AttentionShape& shape) = 0;
  virtual void DoAttentionCached(Tensor out, ConstTensor qkv, ConstTensor cache,
                                 const SequencePlaces& places, const AttentionShape& shape) = 0;
  virtual void DoActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                                   Activation activation) = 0;
  virtual void DoActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out,
                                    ConstTensor x, ConstTensor row_weight,
                                    Activation activation) = 0;
  virtual void DoJitter(Tensor x, ConstTensor key, double amplitude) = 0;
  virtual void DoAddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key) = 0;
  virtual void DoRouterNoiseBackward(Tensor spread, ConstTensor d_logits, ConstTensor key) = 0;
  virtual void DoNormalizeLogits(Tensor logits, Tensor rstd, double scale) = 0;
  virtual void DoNormalizeLogitsBackward(Tensor d_logits, ConstTensor logits, ConstTensor rstd,
                                         double scale) = 0;
  virtual void DoSinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits,
                               int64_t rounds) = 0;
  virtual void DoRouterForward(const Routing& routing, ConstTensor logits, const Scoring& scoring,
                               const ExpertRanks& ranks) = 0;
  virtual void DoRouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                                ConstTensor balance_gradient, double z_factor,
                                const Scoring& scoring) = 0;
  virtual void DoCountAssignments(Tensor counts, ConstTensor expert) = 0;
  virtual void DoBalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities,
                             ConstTensor counts, double factor) = 0;
  virtual void DoRouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor) = 0;
  virtual void DoPlanDispatch(const Dispatch& dispatch, ConstTensor expert, ConstTensor weight,
                              int64_t capacity, DropPolicy policy) = 0;
  virtual void DoGatherRows(Tensor rows, ConstTensor x, const Dispatch& dispatch) = 0;
  virtual void DoCombineRows(Tensor out, ConstTensor rows, const Dispatch& dispatch,
                             Accumulate accumulate) = 0;
  virtual void DoGatherWeights(Tensor row_weight, ConstTensor weight, const Dispatch& dispatch) = 0;
  virtual void DoScatterWeights(Tensor d_weight, ConstTensor d_row_weight,
                                const Dispatch& dispatch) = 0;
  virtual void DoExpertMatMul(Tensor out, ConstTensor rows, ConstTensor weights,
                              const Dispatch& dispatch) = 0;
  virtual void DoExpertMatMulBackwardRows(Tensor d_rows, ConstTensor d_out, ConstTensor weights,
                                          const Dispatch& dispatch) = 0;
  virtual void DoExpertMatMulBackwardWeights(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                                             const Dispatch& dispatch) = 0;
  virtual void DoCrossEntropy(Tensor losses, ConstTensor logits, Tensor d_logits,
                              ConstTensor targets, double scale) = 0;
  virtual void DoArgMax(Tensor columns, ConstTensor logits) = 0;
  virtual void DoSum(Tensor total, ConstTensor x) = 0;
  virtual void DoGradientNorm(Tensor norm, ConstTensor gradient) = 0;
  virtual void DoAdamW(Tensor weights, const Moments& moments, ConstTensor gradient,
                       ConstTensor norm, const AdamWStep& step, Tensor rounded) = 0;
  virtual void DoLoadMoment(Tensor out, const Moments& moments, Moment which) = 0;
  virtual void DoStoreMoment(const Moments& moments, Moment which, ConstTensor x) = 0;
};

// The CPU backend with its own threads, at least one. Instruction set chosen at run time.
std::unique_ptr<Backend> MakeCpuBackend(int threads);

// The library upcycle_cuda has these two, with or without CUDA.

// How many NVIDIA GPUs this process can use: 0 where there is none, no driver, or no CUDA in this
// build.
int CudaDeviceCount();
// A GPU's backend, for the one thread that makes it. Throws Error(kDevice) where there is no such
// GPU, and says why.
std::unique_ptr<Backend> MakeCudaBackend(int device, DataType activation_type);

}  // namespace upcycle
