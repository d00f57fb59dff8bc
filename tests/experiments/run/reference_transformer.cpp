#include "tests/experiments/run/reference_transformer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace upcycle {
namespace {

double LogSumExp(const std::vector<double>& x) {
  const double most = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (double value : x) sum += std::exp(value - most);
  return most + std::log(sum);
}

std::vector<double> Softmax(const std::vector<double>& x) {
  const double log_sum = LogSumExp(x);
  std::vector<double> p;
  for (double value : x) p.push_back(std::exp(value - log_sum));
  return p;
}

}  // namespace

ReferenceTransformer::Row ReferenceTransformer::Multiply(const Part& part, const Row& x) {
  const Row& w = Values(part);
  const size_t outputs = w.size() / x.size();
  Row y(outputs);
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t i = 0; i < x.size(); ++i) y[o] += w[o * x.size() + i] * x[i];
  }
  return y;
}

ReferenceTransformer::Rows ReferenceTransformer::Normalise(const Rows& x, const Part& weight,
                                                           const Part& bias) {
  const bool centred = architecture_.model.family == Family::kNemotron;
  Rows out = x;
  for (Row& row : out) {
    const double n = static_cast<double>(row.size());
    const double mean = centred ? std::accumulate(row.begin(), row.end(), 0.0) / n : 0;
    double variance = 0;
    for (double v : row) variance += (v - mean) * (v - mean) / n;
    const double rstd = 1 / std::sqrt(variance + architecture_.model.norm_epsilon);
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = (row[i] - mean) * rstd * Values(weight)[i] + (centred ? Values(bias)[i] : 0);
    }
  }
  return out;
}

ReferenceTransformer::Row ReferenceTransformer::Rotate(const Row& head, int64_t position) const {
  const size_t half = head.size() / 2;
  Row out(head.size());
  for (size_t i = 0; i < half; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head.size());
    const double angle =
        static_cast<double>(position) * std::pow(architecture_.model.rope_theta, exponent);
    out[i] = head[i] * std::cos(angle) - head[i + half] * std::sin(angle);
    out[i + half] = head[i + half] * std::cos(angle) + head[i] * std::sin(angle);
  }
  return out;
}

ReferenceTransformer::Rows ReferenceTransformer::Attend(const Rows& x, int64_t layer,
                                                        int64_t sequences, int64_t length) {
  const ModelSettings& model = architecture_.model;
  const size_t width = static_cast<size_t>(model.HeadWidth());
  const int64_t group = model.heads / model.KvHeads();
  const auto head_of = [&](const Row& fused, int64_t head) {
    return Row(fused.begin() + head * model.HeadWidth(),
               fused.begin() + (head + 1) * model.HeadWidth());
  };
  Rows q, k, v, out;
  for (const Row& row : x) {
    q.push_back(Multiply({PartKind::kQuery, layer}, row));
    k.push_back(Multiply({PartKind::kKey, layer}, row));
    v.push_back(Multiply({PartKind::kValue, layer}, row));
  }
  for (int64_t b = 0; b < sequences; ++b) {
    for (int64_t t = 0; t < length; ++t) {
      Row joined;
      for (int64_t h = 0; h < model.heads; ++h) {
        const Row query = Rotate(head_of(q[static_cast<size_t>(b * length + t)], h), t);
        Row scores;
        for (int64_t s = 0; s <= t; ++s) {
          const Row key = Rotate(head_of(k[static_cast<size_t>(b * length + s)], h / group), s);
          scores.push_back(std::inner_product(query.begin(), query.end(), key.begin(), 0.0) /
                           std::sqrt(static_cast<double>(width)));
        }
        const Row p = Softmax(scores);
        Row sum(width);
        for (int64_t s = 0; s <= t; ++s) {
          const Row value = head_of(v[static_cast<size_t>(b * length + s)], h / group);
          for (size_t i = 0; i < width; ++i) sum[i] += p[static_cast<size_t>(s)] * value[i];
        }
        joined.insert(joined.end(), sum.begin(), sum.end());
      }
      out.push_back(Multiply({PartKind::kOutput, layer}, joined));
    }
  }
  return out;
}

ReferenceTransformer::Row ReferenceTransformer::FeedForward(const Row& x, const Part& gate,
                                                            const Part& up, const Part& down,
                                                            double weight) {
  Row hidden = Multiply(up, x);
  if (architecture_.model.family == Family::kLlama) {
    const Row gates = Multiply(gate, x);
    for (size_t i = 0; i < hidden.size(); ++i) hidden[i] *= gates[i] / (1 + std::exp(-gates[i]));
  } else {
    for (double& h : hidden) h = h > 0 ? h * h : 0;
  }
  Row out = Multiply(down, hidden);
  for (double& o : out) o *= weight;
  return out;
}

ReferenceTransformer::Rows ReferenceTransformer::Experts(const Rows& x, int64_t layer,
                                                         CapacityFactor capacity_factor,
                                                         const RouterTrace& routed) {
  const MoeSettings& moe = architecture_.moe;
  const size_t experts = static_cast<size_t>(moe.Experts());
  struct Assignment {
    size_t token;
    double weight;
  };
  std::vector<std::vector<Assignment>> of_expert(experts);
  for (size_t t = 0; t < x.size(); ++t) {
    for (size_t j = 0; j < routed.chosen[t].size(); ++j) {
      of_expert[static_cast<size_t>(routed.chosen[t][j])].push_back({t, routed.weights[t][j]});
    }
  }
  Rows out(x.size(), Row(x.front().size()));
  for (size_t e = 0; e < experts; ++e) {
    auto& assigned = of_expert[e];
    // Experts that choose have chosen what they can serve.
    if (!capacity_factor.dropless() && !moe.ExpertsChoose()) {
      const double share = static_cast<double>(x.size()) * static_cast<double>(moe.top_k) /
                           static_cast<double>(experts);
      const size_t capacity =
          static_cast<size_t>(std::ceil(share * *capacity_factor.factor - 1e-9));
      if (moe.drop_policy == DropPolicy::kProbs) {
        std::stable_sort(assigned.begin(), assigned.end(),
                         [](const auto& a, const auto& b) { return a.weight > b.weight; });
      }
      if (assigned.size() > capacity) assigned.resize(capacity);
    }
    const int64_t expert = static_cast<int64_t>(e);
    for (const Assignment& a : assigned) {
      const Row y = FeedForward(x[a.token], {PartKind::kExpertGate, layer, expert},
                                {PartKind::kExpertUp, layer, expert},
                                {PartKind::kExpertDown, layer, expert}, a.weight);
      for (size_t i = 0; i < y.size(); ++i) out[a.token][i] += y[i];
    }
  }
  return out;
}

void ReferenceTransformer::AddSharedExpert(Rows& out, const Rows& x, int64_t layer) {
  const SharedExpert shared = architecture_.moe.shared_expert;
  for (size_t t = 0; t < x.size() && shared != SharedExpert::kNone; ++t) {
    double weight = 1;
    if (shared == SharedExpert::kGated) {
      weight = 1 / (1 + std::exp(-Multiply({PartKind::kSharedWeight, layer}, x[t]).front()));
    }
    const Row y = FeedForward(x[t], {PartKind::kSharedGate, layer}, {PartKind::kSharedUp, layer},
                              {PartKind::kSharedDown, layer}, weight);
    for (size_t i = 0; i < y.size(); ++i) out[t][i] += y[i];
  }
}

ReferenceTransformer::Rows ReferenceTransformer::Forward(
    const std::vector<int32_t>& tokens, int64_t sequences, int64_t length,
    CapacityFactor capacity_factor, std::map<int64_t, std::vector<RouterTrace>>* traces) {
  const size_t width = static_cast<size_t>(architecture_.model.width);
  Rows x;
  const Row& table = Values({PartKind::kEmbedding});
  for (int32_t token : tokens) {
    const auto begin = table.begin() + token * architecture_.model.width;
    x.emplace_back(begin, begin + static_cast<int64_t>(width));
  }
  const auto add = [&](const Rows& y) {
    for (size_t t = 0; t < x.size(); ++t) {
      for (size_t i = 0; i < width; ++i) x[t][i] += y[t][i];
    }
  };
  for (int64_t layer = 0; layer < architecture_.model.layers; ++layer) {
    const Rows normed =
        Normalise(x, {PartKind::kAttentionNorm, layer}, {PartKind::kAttentionNormBias, layer});
    add(Attend(normed, layer, sequences, length));
    const Rows second =
        Normalise(x, {PartKind::kFeedForwardNorm, layer}, {PartKind::kFeedForwardNormBias, layer});
    if (architecture_.LayerHasExperts(layer)) {
      std::optional<int64_t> micro_batch;
      if (traces != nullptr) micro_batch = static_cast<int64_t>((*traces)[layer].size());
      const RouterTrace trace = Route(second, layer, micro_batch);
      Rows y = Experts(second, layer, capacity_factor, trace);
      AddSharedExpert(y, second, layer);
      add(y);
      if (traces != nullptr) (*traces)[layer].push_back(trace);
    } else {
      Rows y;
      for (const Row& row : second) {
        y.push_back(FeedForward(row, {PartKind::kGate, layer}, {PartKind::kUp, layer},
                                {PartKind::kDown, layer}, 1));
      }
      add(y);
    }
  }
  x = Normalise(x, {PartKind::kFinalNorm}, {PartKind::kFinalNormBias});
  const Part head = {architecture_.model.tied_embeddings ? PartKind::kEmbedding : PartKind::kHead};
  Rows logits;
  for (const Row& row : x) logits.push_back(Multiply(head, row));
  return logits;
}

std::vector<std::vector<double>> ReferenceTransformer::Logits(const std::vector<int32_t>& tokens,
                                                              int64_t sequences, int64_t length,
                                                              CapacityFactor capacity_factor) {
  return Forward(tokens, sequences, length, capacity_factor, nullptr);
}

double ReferenceTransformer::Objective(const std::vector<int32_t>& tokens,
                                       const std::vector<int32_t>& targets, int64_t sequences,
                                       int64_t length, int64_t micro_sequences) {
  std::map<int64_t, std::vector<RouterTrace>> traces;
  double loss = 0;
  const int64_t span = micro_sequences * length;
  for (int64_t begin = 0; begin < sequences * length; begin += span) {
    const std::vector<int32_t> micro(tokens.begin() + begin, tokens.begin() + begin + span);
    const Rows logits =
        Forward(micro, micro_sequences, length, architecture_.moe.capacity_factor, &traces);
    for (int64_t t = 0; t < span; ++t) {
      const Row& row = logits[static_cast<size_t>(t)];
      loss += LogSumExp(row) - row[static_cast<size_t>(targets[static_cast<size_t>(begin + t)])];
    }
  }
  loss /= static_cast<double>(sequences * length);
  for (const auto& [layer, micro_batches] : traces) loss += RouterLosses(micro_batches, length);
  return loss;
}

}  // namespace upcycle
