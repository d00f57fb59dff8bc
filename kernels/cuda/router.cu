// Which experts a token goes to, and the gradient of that. One warp a token.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"

namespace upcycle {
namespace {

constexpr int kWarps = 4;  // of a block

// The token of this warp; may be past the last.
__device__ __forceinline__ int64_t TokenOfWarp() {
  return int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
}

// A logit as it is compared: one that is not a number comes last, so that there is always a choice.
struct Candidate {
  float rank;
  int expert;
};

__device__ __forceinline__ Candidate CandidateOf(const float* logits, int expert) {
  const float logit = logits[expert];
  return {logit != logit ? -kInfinity : logit, expert};
}

// Falling logits, of equals the lower index first.
__device__ __forceinline__ bool ComesBefore(Candidate a, Candidate b) {
  return a.rank > b.rank || (a.rank == b.rank && a.expert < b.expert);
}

// The first candidate that comes after `last`, the same in every lane.
__device__ Candidate NextCandidate(const float* logits, int experts, Candidate last) {
  Candidate best = {-kInfinity, experts};
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    const Candidate candidate = CandidateOf(logits, e);
    if (ComesBefore(last, candidate) && ComesBefore(candidate, best)) best = candidate;
  }
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) {
    const Candidate other = {__shfl_xor_sync(kAllLanes, best.rank, lanes),
                             __shfl_xor_sync(kAllLanes, best.expert, lanes)};
    if (ComesBefore(other, best)) best = other;
  }
  return best;
}

struct RoutingPointers {
  float* probabilities;
  float* log_sum_exp;
  int32_t* expert;
  float* weight;
};

// probabilities = softmax(logits); returns log Σ exp(logits).
__device__ float Softmax(float* probabilities, const float* logits, int experts) {
  float largest = -kInfinity, sum = 0;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) largest = fmaxf(largest, logits[e]);
  largest = OverWarp(largest, Larger());
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) sum += expf(logits[e] - largest);
  sum = OverWarp(sum, Plus());
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    probabilities[e] = expf(logits[e] - largest) / sum;
  }
  return largest + logf(sum);
}

__global__ void ForwardKernel(RoutingPointers routing, const float* all_logits, int64_t tokens,
                              int experts, int top_k, bool softmax_last) {
  const int64_t token = TokenOfWarp();
  if (token >= tokens) return;
  const float* logits = all_logits + token * experts;
  float* probabilities = routing.probabilities + token * experts;
  int32_t* expert = routing.expert + token * top_k;
  float* weight = routing.weight + token * top_k;
  const bool writes = LaneOf(threadIdx.x) == 0;

  const float log_sum_exp = Softmax(probabilities, logits, experts);
  if (writes) routing.log_sum_exp[token] = log_sum_exp;
  __syncwarp();

  // The first choice is the largest logit, so that what a softmax over the chosen sums is ≥ 1.
  Candidate last = {kInfinity, -1};
  float first_logit = 0, sum = 0;
  for (int j = 0; j < top_k; ++j) {
    last = NextCandidate(logits, experts, last);
    const float logit = logits[last.expert];
    if (j == 0) first_logit = logit;
    sum += expf(logit - first_logit);
    if (!writes) continue;
    expert[j] = last.expert;
    weight[j] = softmax_last ? expf(logit - first_logit) : probabilities[last.expert];
  }
  if (!softmax_last || !writes) return;
  for (int j = 0; j < top_k; ++j) weight[j] /= sum;
}

struct BackwardInputs {
  const float* probabilities;
  const float* log_sum_exp;
  const int32_t* expert;
  const float* weight;
  const float* d_weight;
  const float* balance_gradient;  // or null
  int64_t span;                   // tokens of one row of it
  float z_factor;
  bool softmax_last;
};

// With g what flows into the probabilities: d_logits = p · (g - Σ p · g + 2 · z · log_sum_exp), and
// with softmax last, what flows through the softmax over the chosen.
template <typename T>
__global__ void BackwardKernel(T* d_logits, BackwardInputs in, int64_t tokens, int experts,
                               int top_k) {
  const int64_t token = TokenOfWarp();
  if (token >= tokens) return;
  const float* p = in.probabilities + token * experts;
  const int32_t* expert = in.expert + token * top_k;
  const float* weight = in.weight + token * top_k;
  const float* d_weight = in.d_weight + token * top_k;
  const float* balance =
      in.balance_gradient == nullptr ? nullptr : in.balance_gradient + token / in.span * experts;
  const auto place_of = [=](int e) {
    int place = -1;
    for (int j = 0; j < top_k; ++j) place = expert[j] == e ? j : place;
    return place;
  };
  const auto gradient_of = [=](int e, int place) {
    const float g = balance == nullptr ? 0 : balance[e];
    return in.softmax_last || place < 0 ? g : g + d_weight[place];
  };

  float dot = 0, chosen_dot = 0;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    dot += p[e] * gradient_of(e, place_of(e));
  }
  dot = OverWarp(dot, Plus());
  for (int j = 0; j < top_k; ++j) chosen_dot += weight[j] * d_weight[j];
  // ∂/∂logits of log_sum_exp² is 2 · log_sum_exp · p.
  const float extra = 2 * in.z_factor * in.log_sum_exp[token];
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    const int place = place_of(e);
    float d = p[e] * (gradient_of(e, place) - (dot - extra));
    if (in.softmax_last && place >= 0) d += weight[place] * (d_weight[place] - chosen_dot);
    d_logits[token * experts + e] = FromFloat<T>(d);
  }
}

}  // namespace

void CudaBackend::DoRouterForward(const Routing& routing, ConstTensor logits, RoutingOrder order) {
  const int64_t tokens = logits.dim(0);
  const RoutingPointers pointers = {routing.probabilities.floats(), routing.log_sum_exp.floats(),
                                    routing.expert.ints(), routing.weight.floats()};
  Launch(ForwardKernel, Grid(CeilDiv(tokens, kWarps)), kWarps * kWarp, 0, stream_, pointers,
         logits.floats(), tokens, logits.dim(1), routing.expert.dim(1),
         order == RoutingOrder::kTopkThenSoftmax);
}

void CudaBackend::DoRouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                                   ConstTensor balance_gradient, double z_factor,
                                   RoutingOrder order) {
  const int64_t tokens = d_logits.dim(0);
  const BackwardInputs inputs = {
      .probabilities = routing.probabilities.floats(),
      .log_sum_exp = routing.log_sum_exp.floats(),
      .expert = routing.expert.ints(),
      .weight = routing.weight.floats(),
      .d_weight = d_weight.floats(),
      .balance_gradient = balance_gradient.floats(),
      .span = balance_gradient.empty() ? 1 : tokens / balance_gradient.dim(0),
      .z_factor = static_cast<float>(z_factor),
      .softmax_last = order == RoutingOrder::kTopkThenSoftmax};
  WithElement(d_logits.type(), [&](auto element) {
    using T = decltype(element);
    Launch(BackwardKernel<T>, Grid(CeilDiv(tokens, kWarps)), kWarps * kWarp, 0, stream_,
           Elements<T>(d_logits), inputs, tokens, d_logits.dim(1), routing.expert.dim(1));
  });
}

}  // namespace upcycle
