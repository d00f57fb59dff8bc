// Which experts a token goes to, and the gradient of that. One warp a token.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/routing.h"

namespace upcycle {
namespace {

constexpr int kWarps = 4;  // of a block

// The token of this warp; may be past the last.
__device__ __forceinline__ int64_t TokenOfWarp() {
  return int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
}

__device__ __forceinline__ float Sigmoid(float x) { return 1 / (1 + expf(-x)); }

// What a token's experts are chosen by (ExpertRanks).
struct TokenRanks {
  const float* values;         // the logits, or what was given instead
  const float* bias;           // or null
  const float* probabilities;  // with a bias
  bool sigmoid;

  __device__ float operator()(int e) const {
    if (bias == nullptr) return values[e];
    return (sigmoid ? Sigmoid(values[e]) : probabilities[e]) + bias[e];
  }
};

// A rank as it is compared: one that is not a number comes last, so that there is always a choice.
struct Candidate {
  float rank;
  int expert;
};

// Falling ranks, of equals the lower index first.
__device__ __forceinline__ bool ComesBefore(Candidate a, Candidate b) {
  return a.rank > b.rank || (a.rank == b.rank && a.expert < b.expert);
}

// The first candidate that comes after `last`, the same in every lane.
__device__ Candidate NextCandidate(const TokenRanks& ranks, int experts, Candidate last) {
  Candidate best = {-kInfinity, experts};
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    const float rank = ranks(e);
    const Candidate candidate = {rank != rank ? -kInfinity : rank, e};
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
  float* logits;  // kept for sigmoids alone
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

// Σ sigmoid(logits), the same in every lane.
__device__ float SigmoidSum(const float* logits, int experts) {
  float sum = 0;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) sum += Sigmoid(logits[e]);
  return OverWarp(sum, Plus()) + kLeastScoreSum;
}

// weight [top_k] of the chosen experts. Of softmaxes over the chosen the largest adds 1 to the sum.
__device__ void WeighChosen(float* weight, const int32_t* expert, int top_k, const float* logits,
                            const float* probabilities, bool sigmoid, bool over_sum) {
  float largest = -kInfinity, sum = sigmoid ? kLeastScoreSum : 0;
  for (int j = 0; j < top_k; ++j) largest = fmaxf(largest, logits[expert[j]]);
  for (int j = 0; j < top_k; ++j) {
    const float logit = logits[expert[j]];
    weight[j] = sigmoid    ? Sigmoid(logit)
                : over_sum ? expf(logit - largest)
                           : probabilities[expert[j]];
    sum += weight[j];
  }
  for (int j = 0; over_sum && j < top_k; ++j) weight[j] /= sum;
}

// `ranks`.values and probabilities are those of all tokens; values may be null, for the logits.
__global__ void ForwardKernel(RoutingPointers routing, const float* all_logits, TokenRanks ranks,
                              int64_t tokens, int experts, int top_k, bool over_sum) {
  const int64_t token = TokenOfWarp();
  if (token >= tokens) return;
  const float* logits = all_logits + token * experts;
  float* probabilities = routing.probabilities + token * experts;
  int32_t* expert = routing.expert + token * top_k;
  const bool writes = LaneOf(threadIdx.x) == 0;

  const float log_sum_exp = Softmax(probabilities, logits, experts);
  if (writes) routing.log_sum_exp[token] = log_sum_exp;
  if (ranks.sigmoid) {
    const float sum = SigmoidSum(logits, experts);
    for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
      probabilities[e] = Sigmoid(logits[e]) / sum;
      routing.logits[token * experts + e] = logits[e];
    }
  }
  __syncwarp();

  ranks.values = ranks.values == nullptr ? logits : ranks.values + token * experts;
  ranks.probabilities = probabilities;
  Candidate last = {kInfinity, -1};
  for (int j = 0; j < top_k; ++j) {
    last = NextCandidate(ranks, experts, last);
    if (writes) expert[j] = last.expert;
  }
  if (!writes) return;
  WeighChosen(routing.weight + token * top_k, expert, top_k, logits, probabilities, ranks.sigmoid,
              over_sum);
}

struct BackwardInputs {
  const float* probabilities;
  const float* log_sum_exp;
  const int32_t* expert;
  const float* weight;
  const float* logits;  // of sigmoids
  const float* d_weight;
  const float* balance_gradient;  // or null
  int64_t span;                   // tokens of one row of it
  float z_factor;
  bool over_sum;
};

// One token's part of them.
struct TokenGradient {
  const float* p;
  const int32_t* expert;
  const float* weight;
  const float* d_weight;
  const float* balance;  // or null
  int top_k;

  __device__ TokenGradient(const BackwardInputs& in, int64_t token, int experts, int chosen)
      : p(in.probabilities + token * experts),
        expert(in.expert + token * chosen),
        weight(in.weight + token * chosen),
        d_weight(in.d_weight + token * chosen),
        balance(in.balance_gradient == nullptr ? nullptr
                                               : in.balance_gradient + token / in.span * experts),
        top_k(chosen) {}

  // Where among the chosen this expert is, or -1.
  __device__ int PlaceOf(int e) const {
    int place = -1;
    for (int j = 0; j < top_k; ++j) place = expert[j] == e ? j : place;
    return place;
  }
  __device__ float Balance(int e) const { return balance == nullptr ? 0 : balance[e]; }
  __device__ float ChosenDot() const {
    float dot = 0;
    for (int j = 0; j < top_k; ++j) dot += weight[j] * d_weight[j];
    return dot;
  }
};

// With g what flows into the probabilities: d_logits = p · (g - Σ p · g + 2 · z · log_sum_exp), and
// with softmax last, what flows through the softmax over the chosen.
__global__ void SoftmaxBackwardKernel(float* d_logits, BackwardInputs in, int64_t tokens,
                                      int experts, int top_k) {
  const int64_t token = TokenOfWarp();
  if (token >= tokens) return;
  const TokenGradient of(in, token, experts, top_k);
  const auto gradient_of = [&](int e, int place) {
    return in.over_sum || place < 0 ? of.Balance(e) : of.Balance(e) + of.d_weight[place];
  };
  float dot = 0;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    dot += of.p[e] * gradient_of(e, of.PlaceOf(e));
  }
  dot = OverWarp(dot, Plus());
  const float chosen_dot = of.ChosenDot();
  // ∂/∂logits of log_sum_exp² is 2 · log_sum_exp · p.
  const float extra = 2 * in.z_factor * in.log_sum_exp[token];
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    const int place = of.PlaceOf(e);
    float d = of.p[e] * (gradient_of(e, place) - (dot - extra));
    if (in.over_sum && place >= 0) d += of.weight[place] * (of.d_weight[place] - chosen_dot);
    d_logits[token * experts + e] = d;
  }
}

// With s = sigmoid(logits) and p = s / Σ s: what flows into p goes on to s as (g - Σ p · g) / Σ s,
// what flows into weights directly or through their sum, and s · (1 - s) leads to the logits.
__global__ void SigmoidBackwardKernel(float* d_logits, BackwardInputs in, int64_t tokens,
                                      int experts, int top_k) {
  const int64_t token = TokenOfWarp();
  if (token >= tokens) return;
  const TokenGradient of(in, token, experts, top_k);
  const float* logits = in.logits + token * experts;
  float dot = 0;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) dot += of.p[e] * of.Balance(e);
  dot = OverWarp(dot, Plus());
  const float sum = SigmoidSum(logits, experts), chosen_dot = of.ChosenDot();
  float chosen_sum = kLeastScoreSum;
  for (int j = 0; j < top_k; ++j) chosen_sum += Sigmoid(logits[of.expert[j]]);
  const float log_sum_exp = in.log_sum_exp[token];
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    const int place = of.PlaceOf(e);
    const float s = Sigmoid(logits[e]);
    float d = (of.Balance(e) - dot) / sum;
    if (place >= 0) {
      d += in.over_sum ? (of.d_weight[place] - chosen_dot) / chosen_sum : of.d_weight[place];
    }
    d_logits[token * experts + e] =
        d * s * (1 - s) + 2 * in.z_factor * log_sum_exp * expf(logits[e] - log_sum_exp);
  }
}

}  // namespace

void CudaBackend::DoRouterForward(const Routing& routing, ConstTensor logits,
                                  const Scoring& scoring, const ExpertRanks& ranks) {
  const int64_t tokens = logits.dim(0);
  const RoutingPointers pointers = {routing.probabilities.floats(), routing.log_sum_exp.floats(),
                                    routing.expert.ints(), routing.weight.floats(),
                                    routing.logits.floats()};
  const TokenRanks chosen_by = {.values = ranks.values.floats(),
                                .bias = ranks.bias.floats(),
                                .probabilities = nullptr,
                                .sigmoid = scoring.score == RouterScore::kSigmoid};
  Launch(ForwardKernel, Grid(CeilDiv(tokens, kWarps)), kWarps * kWarp, 0, stream_, pointers,
         logits.floats(), chosen_by, tokens, logits.dim(1), routing.expert.dim(1),
         scoring.order == RoutingOrder::kTopkThenSoftmax);
}

void CudaBackend::DoRouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                                   ConstTensor balance_gradient, double z_factor,
                                   const Scoring& scoring) {
  const int64_t tokens = d_logits.dim(0);
  const BackwardInputs inputs = {
      .probabilities = routing.probabilities.floats(),
      .log_sum_exp = routing.log_sum_exp.floats(),
      .expert = routing.expert.ints(),
      .weight = routing.weight.floats(),
      .logits = routing.logits.floats(),
      .d_weight = d_weight.floats(),
      .balance_gradient = balance_gradient.floats(),
      .span = balance_gradient.empty() ? 1 : tokens / balance_gradient.dim(0),
      .z_factor = static_cast<float>(z_factor),
      .over_sum = scoring.order == RoutingOrder::kTopkThenSoftmax};
  const auto kernel =
      scoring.score == RouterScore::kSigmoid ? SigmoidBackwardKernel : SoftmaxBackwardKernel;
  Launch(kernel, Grid(CeilDiv(tokens, kWarps)), kWarps * kWarp, 0, stream_, d_logits.floats(),
         inputs, tokens, d_logits.dim(1), routing.expert.dim(1));
}

}  // namespace upcycle
