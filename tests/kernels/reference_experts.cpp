#include <cmath>

#include "kernels/counter_bits.h"
#include "tests/kernels/reference.h"

namespace upcycle::reference {
namespace {

int64_t Whole(double x) { return static_cast<int64_t>(x); }

}  // namespace

// ----------------------------------------------------------------------------------------- router

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double LogSumExp(const Array& logits, int64_t t) {
  double max = logits(t, 0), sum = 0;
  for (int64_t e = 0; e < logits.dim(1); ++e) max = std::fmax(max, logits(t, e));
  for (int64_t e = 0; e < logits.dim(1); ++e) sum += std::exp(logits(t, e) - max);
  return max + std::log(sum);
}

Array RouterScores(const Array& logits, RouterScore score) {
  Array scores(logits.shape);
  for (int64_t t = 0; t < logits.dim(0); ++t) {
    const double log_sum_exp = LogSumExp(logits, t);
    for (int64_t e = 0; e < logits.dim(1); ++e) {
      scores(t, e) = score == RouterScore::kSigmoid ? Sigmoid(logits(t, e))
                                                    : std::exp(logits(t, e) - log_sum_exp);
    }
  }
  return scores;
}

Array RanksWithBias(const Array& logits, const Array& bias, RouterScore score) {
  Array ranks = RouterScores(logits, score);
  for (int64_t t = 0; t < ranks.dim(0); ++t) {
    for (int64_t e = 0; e < ranks.dim(1); ++e) ranks(t, e) += bias(e);
  }
  return ranks;
}

Routed RouterForward(const Array& logits, int64_t top_k, const Scoring& scoring,
                     const Array& given_ranks) {
  const int64_t tokens = logits.dim(0), experts = logits.dim(1);
  const Array& ranks = given_ranks.values.empty() ? logits : given_ranks;
  const Array scores = RouterScores(logits, scoring.score);
  Routed routed = {Array(logits.shape), Array({tokens}), Array({tokens, top_k}),
                   Array({tokens, top_k})};
  for (int64_t t = 0; t < tokens; ++t) {
    routed.log_sum_exp(t) = LogSumExp(logits, t);
    double sum = 0, chosen_sum = 0;
    for (int64_t e = 0; e < experts; ++e) sum += scores(t, e);
    for (int64_t e = 0; e < experts; ++e) routed.probabilities(t, e) = scores(t, e) / sum;
    // An expert's place is the number of experts before it.
    for (int64_t e = 0; e < experts; ++e) {
      int64_t place = 0;
      for (int64_t other = 0; other < experts; ++other) {
        const double difference = ranks(t, other) - ranks(t, e);
        place += difference > 0 || (difference == 0 && other < e);
      }
      if (place >= top_k) continue;
      routed.expert(t, place) = static_cast<double>(e);
      routed.weight(t, place) = scores(t, e);
      chosen_sum += scores(t, e);
    }
    if (scoring.order == RoutingOrder::kTopkThenSoftmax) {
      for (int64_t j = 0; j < top_k; ++j) routed.weight(t, j) /= chosen_sum;
    }
  }
  return routed;
}

// By the chain rule, one Jacobian after the other: weights and probabilities from scores, scores
// from logits.
Array RouterBackward(const Array& logits, const Array& d_weight, const Array& balance_gradient,
                     double z_factor, const Scoring& scoring, const Array& ranks) {
  const int64_t tokens = logits.dim(0), experts = logits.dim(1), top_k = d_weight.dim(1);
  const Routed routed = RouterForward(logits, top_k, scoring, ranks);
  const Array scores = RouterScores(logits, scoring.score);
  const Array softmax = RouterScores(logits, RouterScore::kSoftmax);
  Array d_logits(logits.shape);
  for (int64_t t = 0; t < tokens; ++t) {
    double sum = 0, chosen_sum = 0;
    for (int64_t e = 0; e < experts; ++e) sum += scores(t, e);
    for (int64_t j = 0; j < top_k; ++j) chosen_sum += scores(t, Whole(routed.expert(t, j)));
    Array d_scores({experts});
    for (int64_t j = 0; j < top_k; ++j) {
      if (scoring.order == RoutingOrder::kSoftmaxThenTopk) {
        d_scores(Whole(routed.expert(t, j))) += d_weight(t, j);
        continue;
      }
      for (int64_t i = 0; i < top_k; ++i) {  // ∂(s_j / Σ s)/∂s_i
        const double delta = i == j ? 1 : 0;
        d_scores(Whole(routed.expert(t, i))) +=
            d_weight(t, j) * (delta - routed.weight(t, j)) / chosen_sum;
      }
    }
    for (int64_t e = 0; e < experts && !balance_gradient.values.empty(); ++e) {
      const double g = balance_gradient(t / (tokens / balance_gradient.dim(0)), e);
      for (int64_t other = 0; other < experts; ++other) {
        const double delta = other == e ? 1 : 0;
        d_scores(other) += g * (delta - routed.probabilities(t, e)) / sum;
      }
    }
    for (int64_t e = 0; e < experts; ++e) {
      d_logits(t, e) = z_factor * 2 * routed.log_sum_exp(t) * softmax(t, e);
      for (int64_t other = 0; other < experts; ++other) {
        const double delta = other == e ? 1 : 0;
        const double slope = scoring.score == RouterScore::kSigmoid
                                 ? delta * scores(t, e) * (1 - scores(t, e))
                                 : scores(t, other) * (delta - scores(t, e));
        d_logits(t, e) += d_scores(other) * slope;
      }
    }
  }
  return d_logits;
}

CounterKey KeyOf(const Array& key) {
  return {static_cast<uint32_t>(static_cast<int32_t>(key(0))),
          static_cast<uint32_t>(static_cast<int32_t>(key(1)))};
}

Noise RouterNoise(const Array& spread, const Array& key) {
  Noise noise = {Array(spread.shape), Array(spread.shape)};
  for (int64_t i = 0; i < spread.size(); ++i) {
    const double normal = NormalOf(KeyOf(key), static_cast<uint64_t>(i));
    noise.added(i) = normal * std::log1p(std::exp(spread(i)));
    noise.slope(i) = normal * Sigmoid(spread(i));
  }
  return noise;
}

Array Jitter(const Array& x, const Array& key, double amplitude) {
  Array jittered = x;
  for (int64_t i = 0; i < x.size(); ++i) {
    jittered(i) *= JitterOf(KeyOf(key), static_cast<uint64_t>(i), static_cast<float>(amplitude));
  }
  return jittered;
}

Normalized NormalizeLogits(const Array& logits, double scale) {
  const int64_t tokens = logits.dim(0), experts = logits.dim(1);
  Normalized normalized = {Array(logits.shape), Array({tokens})};
  for (int64_t t = 0; t < tokens; ++t) {
    double mean = 0, variance = 0;
    for (int64_t e = 0; e < experts; ++e) mean += logits(t, e) / static_cast<double>(experts);
    for (int64_t e = 0; e < experts; ++e) {
      variance += std::pow(logits(t, e) - mean, 2) / static_cast<double>(experts);
    }
    normalized.rstd(t) = 1 / std::sqrt(variance + 1e-6);
    for (int64_t e = 0; e < experts; ++e) {
      normalized.logits(t, e) = scale * normalized.rstd(t) * (logits(t, e) - mean);
    }
  }
  return normalized;
}

// ∂out_e/∂logit_i = scale · rstd · (δ_ei - 1/E - z_e · z_i / E).
Array NormalizeLogitsBackward(const Array& d_out, const Array& logits, double scale) {
  const int64_t experts = logits.dim(1);
  const Normalized normalized = NormalizeLogits(logits, scale);
  Array d_logits(logits.shape);
  for (int64_t t = 0; t < logits.dim(0); ++t) {
    for (int64_t e = 0; e < experts; ++e) {
      for (int64_t i = 0; i < experts; ++i) {
        const double z = normalized.logits(t, e) * normalized.logits(t, i) / (scale * scale);
        const double delta = e == i ? 1 : 0;
        d_logits(t, i) += d_out(t, e) * scale * normalized.rstd(t) *
                          (delta - (1 + z) / static_cast<double>(experts));
      }
    }
  }
  return d_logits;
}

Sinkhorn SinkhornRanks(const Array& logits, int64_t rounds) {
  const int64_t tokens = logits.dim(0), experts = logits.dim(1);
  Sinkhorn s = {RouterScores(logits, RouterScore::kSoftmax), Array({experts})};
  const double even = static_cast<double>(tokens) / static_cast<double>(experts);
  for (int64_t round = 0; round < rounds; ++round) {
    for (int64_t e = 0; e < experts; ++e) {
      double sum = 0;
      for (int64_t t = 0; t < tokens; ++t) sum += s.ranks(t, e);
      s.columns(e) = even / sum;
      for (int64_t t = 0; t < tokens; ++t) s.ranks(t, e) *= s.columns(e);
    }
    for (int64_t t = 0; t < tokens; ++t) {
      double sum = 0;
      for (int64_t e = 0; e < experts; ++e) sum += s.ranks(t, e);
      for (int64_t e = 0; e < experts; ++e) s.ranks(t, e) /= sum;
    }
  }
  return s;
}

Array CountAssignments(const Array& expert, int64_t spans, int64_t experts) {
  Array counts({spans, experts});
  for (int64_t t = 0; t < expert.dim(0); ++t) {
    for (int64_t j = 0; j < expert.dim(1); ++j) {
      counts(t / (expert.dim(0) / spans), Whole(expert(t, j))) += 1;
    }
  }
  return counts;
}

Array BalanceGradient(const Array& counts, double factor) {
  Array gradient = counts;
  for (double& value : gradient.values) value *= factor;
  return gradient;
}

double BalanceLoss(const Array& gradient, const Array& probabilities) {
  double loss = 0;
  for (int64_t t = 0; t < probabilities.dim(0); ++t) {
    const int64_t span = t / (probabilities.dim(0) / gradient.dim(0));
    for (int64_t e = 0; e < probabilities.dim(1); ++e) {
      loss += gradient(span, e) * probabilities(t, e);
    }
  }
  return loss;
}

double RouterZLoss(const Array& log_sum_exp, double factor) {
  double loss = 0;
  for (double value : log_sum_exp.values) loss += factor * value * value;
  return loss;
}

// --------------------------------------------------------------------------------------- dispatch

// An assignment is served if fewer than `capacity` others of its expert come before it.
Planned PlanDispatch(const Array& expert, const Array& weight, int64_t experts, int64_t capacity,
                     DropPolicy policy, ExpertPath path) {
  const int64_t assignments = expert.size();
  const bool padded = path == ExpertPath::kPadded;
  Planned plan = {Array({experts}), Array({experts}), Array(expert.shape, -1),
                  Array({padded ? experts * capacity : assignments}, -1)};
  int64_t row = 0;
  for (int64_t e = 0; e < experts; ++e) {
    if (padded) row = e * capacity;
    plan.offsets(e) = static_cast<double>(row);
    for (int64_t i = 0; i < assignments; ++i) {
      if (Whole(expert(i)) != e) continue;
      int64_t before = 0;
      for (int64_t other = 0; other < assignments; ++other) {
        if (Whole(expert(other)) != e) continue;
        const bool first = other < i;
        const double heavier = policy == DropPolicy::kProbs ? weight(other) - weight(i) : 0;
        before += heavier > 0 || (heavier == 0 && first);
      }
      if (before >= capacity) continue;
      plan.row_of(i) = static_cast<double>(row);
      plan.assignment_of(row++) = static_cast<double>(i);
      plan.counts(e) += 1;
    }
  }
  return plan;
}

Array GatherRows(const Array& x, const Planned& plan) {
  Array rows({plan.assignment_of.size(), x.dim(1)});
  for (int64_t r = 0; r < rows.dim(0); ++r) {
    if (plan.assignment_of(r) < 0) continue;
    const int64_t token = Whole(plan.assignment_of(r)) / plan.row_of.dim(1);
    for (int64_t i = 0; i < x.dim(1); ++i) rows(r, i) = x(token, i);
  }
  return rows;
}

Array CombineRows(const Array& rows, const Planned& plan) {
  Array out({plan.row_of.dim(0), rows.dim(1)});
  for (int64_t t = 0; t < out.dim(0); ++t) {
    for (int64_t j = 0; j < plan.row_of.dim(1); ++j) {
      if (plan.row_of(t, j) < 0) continue;
      for (int64_t i = 0; i < out.dim(1); ++i) out(t, i) += rows(Whole(plan.row_of(t, j)), i);
    }
  }
  return out;
}

Array GatherWeights(const Array& weight, const Planned& plan) {
  Array row_weight({plan.assignment_of.size()});
  for (int64_t r = 0; r < row_weight.size(); ++r) {
    if (plan.assignment_of(r) >= 0) row_weight(r) = weight(Whole(plan.assignment_of(r)));
  }
  return row_weight;
}

Array ScatterWeights(const Array& d_row_weight, const Planned& plan) {
  Array d_weight(plan.row_of.shape);
  for (int64_t i = 0; i < d_weight.size(); ++i) {
    if (plan.row_of(i) >= 0) d_weight(i) = d_row_weight(Whole(plan.row_of(i)));
  }
  return d_weight;
}

namespace {

// Calls body(e, r) for every row r that an expert e serves.
template <typename Body>
void ForServedRows(const Planned& plan, const Body& body) {
  for (int64_t e = 0; e < plan.counts.size(); ++e) {
    const int64_t begin = Whole(plan.offsets(e));
    for (int64_t r = begin; r < begin + Whole(plan.counts(e)); ++r) body(e, r);
  }
}

}  // namespace

Array ExpertMatMul(const Array& rows, const Array& weights, const Planned& plan) {
  Array out({rows.dim(0), weights.dim(1)}, std::nan(""));
  ForServedRows(plan, [&](int64_t e, int64_t r) {
    for (int64_t o = 0; o < weights.dim(1); ++o) {
      out(r, o) = 0;
      for (int64_t i = 0; i < weights.dim(2); ++i) out(r, o) += rows(r, i) * weights(e, o, i);
    }
  });
  return out;
}

Array ExpertMatMulBackwardRows(const Array& d_out, const Array& weights, const Planned& plan) {
  Array d_rows({d_out.dim(0), weights.dim(2)}, std::nan(""));
  ForServedRows(plan, [&](int64_t e, int64_t r) {
    for (int64_t i = 0; i < weights.dim(2); ++i) {
      d_rows(r, i) = 0;
      for (int64_t o = 0; o < weights.dim(1); ++o) d_rows(r, i) += d_out(r, o) * weights(e, o, i);
    }
  });
  return d_rows;
}

Array ExpertMatMulBackwardWeights(const Array& d_out, const Array& rows, const Planned& plan) {
  Array d_weights({plan.counts.size(), d_out.dim(1), rows.dim(1)});
  ForServedRows(plan, [&](int64_t e, int64_t r) {
    for (int64_t o = 0; o < d_out.dim(1); ++o) {
      for (int64_t i = 0; i < rows.dim(1); ++i) d_weights(e, o, i) += d_out(r, o) * rows(r, i);
    }
  });
  return d_weights;
}

// ----------------------------------------------------------------------------- loss and optimizer

Array CrossEntropyForward(const Array& logits, const Array& targets) {
  Array losses({logits.dim(0)});
  for (int64_t t = 0; t < logits.dim(0); ++t) {
    if (targets(t) < 0) continue;
    double max = logits(t, 0), sum = 0;
    for (int64_t v = 0; v < logits.dim(1); ++v) max = std::fmax(max, logits(t, v));
    for (int64_t v = 0; v < logits.dim(1); ++v) sum += std::exp(logits(t, v) - max);
    losses(t) = max + std::log(sum) - logits(t, Whole(targets(t)));
  }
  return losses;
}

Array CrossEntropyBackward(const Array& logits, const Array& targets, double scale) {
  Array d_logits(logits.shape);
  for (int64_t t = 0; t < logits.dim(0); ++t) {
    if (targets(t) < 0) continue;
    double max = logits(t, 0), sum = 0;
    for (int64_t v = 0; v < logits.dim(1); ++v) max = std::fmax(max, logits(t, v));
    for (int64_t v = 0; v < logits.dim(1); ++v) sum += std::exp(logits(t, v) - max);
    for (int64_t v = 0; v < logits.dim(1); ++v) {
      const double one_hot = targets(t) == static_cast<double>(v) ? 1 : 0;
      d_logits(t, v) = scale * (std::exp(logits(t, v) - max) / sum - one_hot);
    }
  }
  return d_logits;
}

Optimized AdamW(const Optimized& before, const Array& gradient, double norm,
                const AdamWStep& step) {
  Optimized after = before;
  const double clip = step.clip_norm == 0 ? 1 : std::fmin(1, step.clip_norm / norm);
  const auto steps = static_cast<double>(step.step);
  for (int64_t i = 0; i < gradient.size(); ++i) {
    const double g = gradient(i) * clip;
    after.m(i) = step.beta1 * before.m(i) + (1 - step.beta1) * g;
    after.v(i) = step.beta2 * before.v(i) + (1 - step.beta2) * g * g;
    const double m_hat = after.m(i) / (1 - std::pow(step.beta1, steps));
    const double v_hat = after.v(i) / (1 - std::pow(step.beta2, steps));
    after.weights(i) -= step.learning_rate * (m_hat / (std::sqrt(v_hat) + step.epsilon) +
                                              step.weight_decay * before.weights(i));
  }
  return after;
}

}  // namespace upcycle::reference
