// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/router.cpp"
#include "kernels/cpu/simd.h"
#include <hwy/foreach_target.h>
#include "kernels/cpu/vector-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/task_size.h"
#include "kernels/routing.h"

HWY_BEFORE_NAMESPACE();
namespace upcycle {
namespace HWY_NAMESPACE {

// probabilities [n] = softmax(logits [n]); returns log Σ exp(logits).
float SoftmaxRow(float* HWY_RESTRICT probabilities, const float* HWY_RESTRICT logits, int64_t n) {
  const float max = LargestOf(logits, n);
  const float sum = SumLanes(n, [=](auto d, int64_t i, auto partial) HWY_ATTR {
    const auto e = ExpOfNonPositive(d, hn::Sub(hn::LoadU(d, logits + i), hn::Set(d, max)));
    hn::StoreU(e, d, probabilities + i);
    return hn::Add(partial, e);
  });
  Scale(probabilities, n, 1 / sum);
  return max + std::log(sum);
}

// The gradient of a softmax p and of what adds `extra` · p: d_logits [n] = p · (g - Σ p · g +
// extra), where d_logits holds g before.
void SoftmaxBackwardRow(float* HWY_RESTRICT d_logits, const float* HWY_RESTRICT p, int64_t n,
                        float extra) {
  const float dot = SumLanes(n, [=](auto d, int64_t i, auto sum) HWY_ATTR {
    return hn::MulAdd(hn::LoadU(d, p + i), hn::LoadU(d, d_logits + i), sum);
  });
  ForLanes(n, [=](auto d, int64_t i) HWY_ATTR {
    const auto g = hn::Sub(hn::LoadU(d, d_logits + i), hn::Set(d, dot - extra));
    hn::StoreU(hn::Mul(hn::LoadU(d, p + i), g), d, d_logits + i);
  });
}

// The index of the largest logit among those that come after `last` in the order of falling logits
// and, of equals, rising indices; or -1 if there is none but -∞ and NaN. `last` -1 begins.
int64_t LargestAfter(const float* HWY_RESTRICT logits, int64_t experts, int64_t last) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float minus_infinity = -std::numeric_limits<float>::infinity();
  const float limit = last < 0 ? -minus_infinity : logits[last];
  const auto last_logit = hn::Set(d, limit);
  const auto last_index = hn::Set(d, static_cast<float>(last));
  auto largest = hn::Set(d, minus_infinity);
  auto largest_index = hn::Set(d, -1.0f);
  int64_t e = 0;
  for (; e + lanes <= experts; e += lanes) {
    const auto logit = hn::LoadU(d, logits + e);
    const auto index = hn::Iota(d, static_cast<float>(e));
    const auto after = hn::Or(hn::Lt(logit, last_logit),
                              hn::And(hn::Eq(logit, last_logit), hn::Gt(index, last_index)));
    const auto better = hn::And(after, hn::Gt(logit, largest));
    largest = hn::IfThenElse(better, logit, largest);
    largest_index = hn::IfThenElse(better, index, largest_index);
  }
  const float best = hn::GetLane(hn::MaxOfLanes(d, largest));
  const auto candidates =
      hn::IfThenElse(hn::Eq(largest, hn::Set(d, best)), largest_index, hn::Set(d, HUGE_VALF));
  float found_logit = best;
  auto found = static_cast<int64_t>(hn::GetLane(hn::MinOfLanes(d, candidates)));
  for (; e < experts; ++e) {
    const bool after = logits[e] < limit || (logits[e] == limit && e > last);
    if (after && logits[e] > found_logit) {
      found_logit = logits[e];
      found = e;
    }
  }
  return found;
}

}  // namespace HWY_NAMESPACE
}  // namespace upcycle
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upcycle {
namespace {

// What is compared: a logit that is not a number comes last, so that there is always a choice.
float Rank(float logit) {
  return std::isnan(logit) ? -std::numeric_limits<float>::infinity() : logit;
}

// expert [top_k] = the indices of the largest logits, largest first, of equals the lower first.
void ChooseByInsertion(int32_t* expert, int64_t top_k, const float* logits, int64_t experts) {
  int64_t chosen = 0;
  for (int64_t e = 0; e < experts; ++e) {
    const float rank = Rank(logits[e]);
    if (chosen == top_k && !(rank > Rank(logits[expert[top_k - 1]]))) continue;
    int64_t place = chosen < top_k ? chosen++ : top_k - 1;
    for (; place > 0 && rank > Rank(logits[expert[place - 1]]); --place) {
      expert[place] = expert[place - 1];
    }
    expert[place] = static_cast<int32_t>(e);
  }
}

float Sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

// weight [top_k] = softmax over the chosen logits. The largest adds 1 to the sum.
void WeightsAmongChosen(float* weight, const int32_t* expert, int64_t top_k, const float* logits) {
  float max = logits[expert[0]];
  for (int64_t j = 1; j < top_k; ++j) max = std::fmax(max, logits[expert[j]]);
  float sum = 0;
  for (int64_t j = 0; j < top_k; ++j) {
    weight[j] = std::exp(logits[expert[j]] - max);
    sum += weight[j];
  }
  for (int64_t j = 0; j < top_k; ++j) weight[j] /= sum;
}

// probabilities [experts] = sigmoid(logits) over their sum.
void SigmoidProbabilities(float* probabilities, const float* logits, int64_t experts) {
  float sum = kLeastScoreSum;
  for (int64_t e = 0; e < experts; ++e) {
    probabilities[e] = Sigmoid(logits[e]);
    sum += probabilities[e];
  }
  for (int64_t e = 0; e < experts; ++e) probabilities[e] /= sum;
}

// weight [top_k] = the chosen experts' sigmoids, or these over their sum.
void SigmoidWeights(float* weight, const int32_t* expert, int64_t top_k, const float* logits,
                    RoutingOrder order) {
  float sum = kLeastScoreSum;
  for (int64_t j = 0; j < top_k; ++j) {
    weight[j] = Sigmoid(logits[expert[j]]);
    sum += weight[j];
  }
  if (order == RoutingOrder::kSoftmaxThenTopk) return;
  for (int64_t j = 0; j < top_k; ++j) weight[j] /= sum;
}

// d_scores += the gradient through the chosen scores, over their sum where softmax comes last.
void AddChosenScoreGradient(float* d_scores, const int32_t* expert, const float* weight,
                            const float* d_weight, int64_t top_k, const float* logits,
                            RoutingOrder order) {
  if (order == RoutingOrder::kSoftmaxThenTopk) {
    for (int64_t j = 0; j < top_k; ++j) d_scores[expert[j]] += d_weight[j];
    return;
  }
  float sum = kLeastScoreSum, dot = 0;
  for (int64_t j = 0; j < top_k; ++j) {
    sum += Sigmoid(logits[expert[j]]);
    dot += weight[j] * d_weight[j];
  }
  for (int64_t j = 0; j < top_k; ++j) d_scores[expert[j]] += (d_weight[j] - dot) / sum;
}

// row [experts] holds the balance loss's gradient on the probabilities and becomes d_logits.
// `z` multiplies the softmax.
void SigmoidBackwardRow(float* row, const Routing& routing, int64_t token, const float* d_weight,
                        float z, RoutingOrder order) {
  const int64_t experts = routing.logits.dim(1), top_k = routing.expert.dim(1);
  const float* logits = routing.logits.floats() + token * experts;
  const float* p = routing.probabilities.floats() + token * experts;
  float sum = kLeastScoreSum, dot = 0;
  for (int64_t e = 0; e < experts; ++e) {
    sum += Sigmoid(logits[e]);
    dot += p[e] * row[e];
  }
  for (int64_t e = 0; e < experts; ++e) row[e] = (row[e] - dot) / sum;
  AddChosenScoreGradient(row, routing.expert.ints() + token * top_k,
                         routing.weight.floats() + token * top_k, d_weight, top_k, logits, order);
  const float log_sum_exp = routing.log_sum_exp.floats()[token];
  for (int64_t e = 0; e < experts; ++e) {
    const float s = Sigmoid(logits[e]);
    row[e] = row[e] * s * (1 - s) + z * std::exp(logits[e] - log_sum_exp);
  }
}

// d_logits += the gradient through a softmax over the chosen logits.
void AddChosenGradient(float* d_logits, const int32_t* expert, const float* weight,
                       const float* d_weight, int64_t top_k) {
  float dot = 0;
  for (int64_t j = 0; j < top_k; ++j) dot += weight[j] * d_weight[j];
  for (int64_t j = 0; j < top_k; ++j) d_logits[expert[j]] += weight[j] * (d_weight[j] - dot);
}

}  // namespace

HWY_EXPORT(SoftmaxRow);
HWY_EXPORT(SoftmaxBackwardRow);
HWY_EXPORT(LargestAfter);

namespace {

// The same choice, one expert after the other. Among many experts a vector's comparisons cost less
// than the branches of an insertion.
void ChooseExperts(int32_t* expert, int64_t top_k, const float* logits, int64_t experts) {
  constexpr int64_t kManyExperts = 32;
  int64_t last = -1;
  for (int64_t j = 0; experts >= kManyExperts && j < top_k; ++j) {
    last = HWY_DYNAMIC_DISPATCH(LargestAfter)(logits, experts, last);
    if (last < 0) break;
    expert[j] = static_cast<int32_t>(last);
  }
  if (last < 0) ChooseByInsertion(expert, top_k, logits, experts);
}

// What a token's experts are chosen by; `scratch` [experts] is used for a bias alone.
const float* RanksOf(const ExpertRanks& ranks, int64_t token, const float* logits,
                     const float* probabilities, int64_t experts, RouterScore score,
                     float* scratch) {
  if (!ranks.values.empty()) return ranks.values.floats() + token * experts;
  if (ranks.bias.empty()) return logits;
  for (int64_t e = 0; e < experts; ++e) {
    const float of = score == RouterScore::kSigmoid ? Sigmoid(logits[e]) : probabilities[e];
    scratch[e] = of + ranks.bias.floats()[e];
  }
  return scratch;
}

void RouteToken(const Routing& routing, int64_t token, const float* logits, const Scoring& scoring,
                const ExpertRanks& ranks, float* scratch) {
  const int64_t experts = routing.probabilities.dim(1), top_k = routing.expert.dim(1);
  const bool sigmoid = scoring.score == RouterScore::kSigmoid;
  float* probabilities = routing.probabilities.floats() + token * experts;
  int32_t* expert = routing.expert.ints() + token * top_k;
  float* weight = routing.weight.floats() + token * top_k;
  routing.log_sum_exp.floats()[token] =
      HWY_DYNAMIC_DISPATCH(SoftmaxRow)(probabilities, logits, experts);
  if (sigmoid) {
    SigmoidProbabilities(probabilities, logits, experts);
    std::copy(logits, logits + experts, routing.logits.floats() + token * experts);
  }
  ChooseExperts(expert, top_k,
                RanksOf(ranks, token, logits, probabilities, experts, scoring.score, scratch),
                experts);
  if (sigmoid) {
    SigmoidWeights(weight, expert, top_k, logits, scoring.order);
  } else if (scoring.order == RoutingOrder::kTopkThenSoftmax) {
    WeightsAmongChosen(weight, expert, top_k, logits);
  } else {
    for (int64_t j = 0; j < top_k; ++j) weight[j] = probabilities[expert[j]];
  }
}

}  // namespace

void CpuBackend::DoRouterForward(const Routing& routing, ConstTensor logits, const Scoring& scoring,
                                 const ExpertRanks& ranks) {
  const int64_t tokens = logits.dim(0), experts = logits.dim(1);
  const int64_t rows = RowsOfTask(8 * experts);
  if (!ranks.bias.empty()) scratch_.Reserve(experts);
  pool_.ParallelFor((tokens + rows - 1) / rows, [&](int64_t task, int worker) {
    for (int64_t t = task * rows; t < std::min(tokens, (task + 1) * rows); ++t) {
      RouteToken(routing, t, logits.floats() + t * experts, scoring, ranks, scratch_.Of(worker));
    }
  });
}

void CpuBackend::DoRouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                                  ConstTensor balance_gradient, double z_factor,
                                  const Scoring& scoring) {
  const int64_t tokens = d_logits.dim(0), experts = d_logits.dim(1);
  const int64_t top_k = routing.expert.dim(1);
  const int64_t span = balance_gradient.empty() ? 1 : tokens / balance_gradient.dim(0);
  pool_.ParallelRanges(tokens, RowsOfTask(8 * experts), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = d_logits.floats() + t * experts;
      const int32_t* expert = routing.expert.ints() + t * top_k;
      const float* d_chosen = d_weight.floats() + t * top_k;
      if (balance_gradient.empty()) {
        std::fill(row, row + experts, 0.0f);
      } else {
        const float* balance = balance_gradient.floats() + t / span * experts;
        std::copy(balance, balance + experts, row);
      }
      // ∂/∂logits of log_sum_exp² is 2 · log_sum_exp · softmax.
      const auto z = static_cast<float>(2 * z_factor * routing.log_sum_exp.floats()[t]);
      if (scoring.score == RouterScore::kSigmoid) {
        SigmoidBackwardRow(row, routing, t, d_chosen, z, scoring.order);
        continue;
      }
      // With softmax first, the chosen probabilities' gradients join those of the balance loss.
      if (scoring.order == RoutingOrder::kSoftmaxThenTopk) {
        for (int64_t j = 0; j < top_k; ++j) row[expert[j]] += d_chosen[j];
      }
      HWY_DYNAMIC_DISPATCH(SoftmaxBackwardRow)
      (row, routing.probabilities.floats() + t * experts, experts, z);
      if (scoring.order == RoutingOrder::kTopkThenSoftmax) {
        AddChosenGradient(row, expert, routing.weight.floats() + t * top_k, d_chosen, top_k);
      }
    }
  });
}

}  // namespace upcycle
#endif  // HWY_ONCE
