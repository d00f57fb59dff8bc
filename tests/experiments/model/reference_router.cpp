// The routers of the reference, by brute force.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"
#include "kernels/counter_bits.h"
#include "tests/experiments/model/reference_transformer.h"

namespace upcycle {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double LogSumExp(const Row& x) {
  const double most = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (double value : x) sum += std::exp(value - most);
  return most + std::log(sum);
}

double SumOf(const Row& x) { return std::accumulate(x.begin(), x.end(), 0.0); }

Row Scores(const Row& logits, RouterScore score) {
  Row scores;
  for (double logit : logits) {
    scores.push_back(score == RouterScore::kSigmoid ? Sigmoid(logit)
                                                    : std::exp(logit - LogSumExp(logits)));
  }
  return scores;
}

Row Normalized(const Row& logits, double scale) {
  const double count = static_cast<double>(logits.size()), mean = SumOf(logits) / count;
  double variance = 0;
  for (double logit : logits) variance += (logit - mean) * (logit - mean) / count;
  Row out;
  for (double logit : logits) out.push_back(scale * (logit - mean) / std::sqrt(variance + 1e-6));
  return out;
}

Rows Sinkhorn(const Rows& logits, int64_t rounds) {
  Rows ranks;
  for (const Row& row : logits) ranks.push_back(Scores(row, RouterScore::kSoftmax));
  const size_t experts = logits.front().size();
  for (int64_t round = 0; round < rounds; ++round) {
    for (size_t e = 0; e < experts; ++e) {
      double sum = 0;
      for (const Row& row : ranks) sum += row[e];
      for (Row& row : ranks) {
        row[e] *= static_cast<double>(ranks.size()) / (static_cast<double>(experts) * sum);
      }
    }
    for (Row& row : ranks) {
      const double sum = SumOf(row);
      for (double& value : row) value /= sum;
    }
  }
  return ranks;
}

// The indices of the `count` largest, of equals the lower first.
std::vector<int> Largest(const Row& values, size_t count) {
  std::vector<int> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  order.resize(count);
  return order;
}

CounterKey KeyOf(const RandomStream& stream, uint64_t place) {
  return {static_cast<uint32_t>(stream.Bits(2 * place)),
          static_cast<uint32_t>(stream.Bits(2 * place + 1))};
}

}  // namespace

Rows ReferenceTransformer::RouterLogits(const Rows& x, int64_t layer,
                                        std::optional<int64_t> micro_batch) {
  const RouterSettings& router = architecture_.moe.router;
  const auto place =
      static_cast<uint64_t>(micro_batch.value_or(0) * architecture_.model.layers + layer);
  const auto step = static_cast<uint64_t>(noise_step_);
  const CounterKey jitter = KeyOf(RandomStream(noise_seed_, "router/jitter", step), place);
  const CounterKey noise = KeyOf(RandomStream(noise_seed_, "router/noise", step), place);
  Rows all;
  for (size_t t = 0; t < x.size(); ++t) {
    Row input = x[t];
    for (size_t i = 0; i < input.size() && micro_batch; ++i) {
      input[i] *= JitterOf(jitter, t * input.size() + i, static_cast<float>(router.jitter));
    }
    Row logits = Multiply({PartKind::kRouter, layer}, input);
    if (router.normalize_logits > 0) logits = Normalized(logits, router.normalize_logits);
    if (router.noise && micro_batch) {
      const Row spread = Multiply({PartKind::kRouterNoise, layer}, input);
      for (size_t e = 0; e < logits.size(); ++e) {
        logits[e] += NormalOf(noise, t * logits.size() + e) * std::log1p(std::exp(spread[e]));
      }
    }
    all.push_back(logits);
  }
  return all;
}

Rows ReferenceTransformer::Ranks(const Rows& logits, const Rows& scores, int64_t layer,
                                 bool training) {
  const RouterSettings& router = architecture_.moe.router;
  if (router.choice == RouterChoice::kSinkhorn && training) {
    return Sinkhorn(logits, router.sinkhorn_rounds);
  }
  Rows ranks = scores;
  for (Row& row : ranks) {
    for (size_t e = 0; e < row.size() && router.bias_rate > 0; ++e) {
      row[e] += Values({PartKind::kRouterBias, layer})[e];
    }
  }
  return ranks;
}

ReferenceTransformer::RouterTrace ReferenceTransformer::Route(const Rows& x, int64_t layer,
                                                              std::optional<int64_t> micro_batch) {
  const MoeSettings& moe = architecture_.moe;
  const Rows logits = RouterLogits(x, layer, micro_batch);
  RouterTrace trace;
  Rows scores;
  for (const Row& row : logits) {
    scores.push_back(Scores(row, moe.router.score));
    const double sum = SumOf(scores.back());
    trace.probabilities.push_back(scores.back());
    for (double& p : trace.probabilities.back()) p /= sum;
    trace.log_sum_exp.push_back(LogSumExp(row));
  }
  trace.chosen.resize(x.size());
  if (moe.ExpertsChoose()) {
    const double share = static_cast<double>(x.size()) * static_cast<double>(moe.top_k) /
                         static_cast<double>(moe.Experts());
    const double capacity = std::ceil(share * *moe.capacity_factor.factor - 1e-9);
    for (int e = 0; e < moe.Experts(); ++e) {
      Row of_expert;
      for (const Row& row : scores) of_expert.push_back(row[static_cast<size_t>(e)]);
      for (int t : Largest(of_expert, std::min(x.size(), static_cast<size_t>(capacity)))) {
        trace.chosen[static_cast<size_t>(t)].push_back(e);
      }
    }
  } else {
    const Rows ranks = Ranks(logits, scores, layer, micro_batch.has_value());
    for (size_t t = 0; t < x.size(); ++t) {
      trace.chosen[t] = Largest(ranks[t], static_cast<size_t>(moe.top_k));
    }
  }
  for (size_t t = 0; t < x.size(); ++t) {
    Row weights;
    for (int e : trace.chosen[t]) weights.push_back(scores[t][static_cast<size_t>(e)]);
    const double sum = SumOf(weights);
    for (double& weight : weights) {
      if (moe.router.order == RoutingOrder::kTopkThenSoftmax) weight /= sum;
    }
    trace.weights.push_back(weights);
  }
  return trace;
}

// Spans of tokens, each with c·E/(T·m²)·Σ_i (Σ_t p_ti) n_i, averaged; and c·mean(logsumexp²).
double ReferenceTransformer::RouterLosses(const std::vector<RouterTrace>& micro_batches,
                                          int64_t length) const {
  const MoeSettings& moe = architecture_.moe;
  RouterTrace all;
  std::vector<size_t> span_ends;
  for (const RouterTrace& trace : micro_batches) {
    for (size_t t = 0; t < trace.probabilities.size(); ++t) {
      all.probabilities.push_back(trace.probabilities[t]);
      all.chosen.push_back(trace.chosen[t]);
      all.log_sum_exp.push_back(trace.log_sum_exp[t]);
      const bool sequence_ends = (t + 1) % static_cast<size_t>(length) == 0;
      if (moe.router.balance_scope == BalanceScope::kSequence && sequence_ends) {
        span_ends.push_back(all.chosen.size());
      }
    }
    if (moe.router.balance_scope == BalanceScope::kMicroBatch)
      span_ends.push_back(all.chosen.size());
  }
  if (moe.router.balance_scope == BalanceScope::kGlobal) span_ends.push_back(all.chosen.size());

  double balance = 0;
  size_t begin = 0;
  for (size_t end : span_ends) {
    const double m = static_cast<double>(end - begin);
    for (int64_t e = 0; e < moe.Experts(); ++e) {
      double probability = 0, count = 0;
      for (size_t t = begin; t < end; ++t) {
        probability += all.probabilities[t][static_cast<size_t>(e)];
        count += static_cast<double>(std::count(all.chosen[t].begin(), all.chosen[t].end(), e));
      }
      balance += moe.router.load_balance * static_cast<double>(moe.Experts()) /
                 (static_cast<double>(moe.top_k) * m * m) * probability * count;
    }
    begin = end;
  }
  if (moe.ExpertsChoose()) balance = 0;
  double z = 0;
  for (double log_sum : all.log_sum_exp) z += log_sum * log_sum;
  return balance / static_cast<double>(span_ends.size()) +
         moe.router.z_loss * z / static_cast<double>(all.log_sum_exp.size());
}

}  // namespace upcycle
