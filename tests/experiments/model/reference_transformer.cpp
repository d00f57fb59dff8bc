#include "tests/experiments/model/reference_transformer.h"

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

// With the bias where it is one of the model's parts.
ReferenceTransformer::Row ReferenceTransformer::MultiplyAndAdd(const Part& part, const Part& bias,
                                                               const Row& x) {
  Row y = Multiply(part, x);
  const Row& added = Values(bias);
  for (size_t i = 0; i < added.size(); ++i) y[i] += added[i];
  return y;
}

ReferenceTransformer::Rows ReferenceTransformer::Embed(const std::vector<int32_t>& tokens,
                                                       int64_t length) {
  const FamilyTraits traits = architecture_.model.Traits();
  const int64_t width = architecture_.model.width;
  const double scale = traits.scaled_embedding ? std::sqrt(static_cast<double>(width)) : 1;
  const Row& table = Values({PartKind::kEmbedding});
  Rows x;
  for (size_t t = 0; t < tokens.size(); ++t) {
    const auto begin = table.begin() + tokens[t] * width;
    x.emplace_back(begin, begin + width);
    for (double& value : x.back()) value *= scale;
    if (!traits.learned_positions) continue;
    const int64_t place = static_cast<int64_t>(t) % length, position = place - StartOf(place);
    for (int64_t i = 0; i < width; ++i) {
      x.back()[static_cast<size_t>(i)] +=
          Values({PartKind::kPositions})[static_cast<size_t>(position * width + i)];
    }
  }
  return x;
}

ReferenceTransformer::Rows ReferenceTransformer::Normalise(const Rows& x, const Part& weight,
                                                           const Part& bias) {
  const NormKind kind = architecture_.model.Traits().norm;
  Rows out = x;
  for (Row& row : out) {
    const double n = static_cast<double>(row.size());
    const double mean =
        kind == NormKind::kRms ? 0 : std::accumulate(row.begin(), row.end(), 0.0) / n;
    double variance = 0;
    for (double v : row) variance += (v - mean) * (v - mean) / n;
    const double rstd = 1 / std::sqrt(variance + architecture_.model.norm_epsilon);
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = (row[i] - mean) * rstd;
      if (kind != NormKind::kPlainLayer) row[i] *= Values(weight)[i];
      if (kind == NormKind::kLayer) row[i] += Values(bias)[i];
    }
  }
  return out;
}

ReferenceTransformer::Row ReferenceTransformer::NormaliseHeads(const Row& heads,
                                                               const Part& weight) {
  const QueryKeyNorm kind = architecture_.model.Traits().query_key_norm;
  if (kind == QueryKeyNorm::kNone) return heads;
  const size_t group = kind == QueryKeyNorm::kWhole
                           ? heads.size()
                           : static_cast<size_t>(architecture_.model.HeadWidth());
  Row out = heads;
  for (size_t begin = 0; begin < heads.size(); begin += group) {
    double squares = 0;
    for (size_t i = 0; i < group; ++i) squares += heads[begin + i] * heads[begin + i];
    const double mean = squares / static_cast<double>(group);
    for (size_t i = 0; i < group; ++i) {
      out[begin + i] *= Values(weight)[i] / std::sqrt(mean + architecture_.model.norm_epsilon);
    }
  }
  return out;
}

namespace {

// Radians a position of pair i of a head, as transformers' rules of scaling say them.
double Frequency(const ModelSettings& model, size_t i) {
  const double width = static_cast<double>(model.RotaryWidth());
  const double frequency = std::pow(model.rope_theta, -2.0 * static_cast<double>(i) / width);
  const RopeScalingSettings& scaling = model.rope_scaling;
  if (scaling.kind == RopeScaling::kNone) return frequency;
  if (scaling.kind == RopeScaling::kLinear) return frequency / scaling.factor;
  const double wavelength = 2 * std::acos(-1) / frequency;
  const double length = static_cast<double>(scaling.original_length);
  if (wavelength < length / scaling.high_frequency_factor) return frequency;
  if (wavelength > length / scaling.low_frequency_factor) return frequency / scaling.factor;
  const double smooth = (length / wavelength - scaling.low_frequency_factor) /
                        (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return (1 - smooth) * frequency / scaling.factor + smooth * frequency;
}

}  // namespace

ReferenceTransformer::Row ReferenceTransformer::Rotate(const Row& head, int64_t position) const {
  const ModelSettings& model = architecture_.model;
  if (model.Traits().learned_positions) return head;
  const size_t half = static_cast<size_t>(model.RotaryWidth() / 2);
  Row out = head;
  for (size_t i = 0; i < half; ++i) {
    const double angle = static_cast<double>(position) * Frequency(model, i);
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
    const auto project = [&](PartKind kind, PartKind bias) {
      return MultiplyAndAdd({kind, layer}, {bias, layer}, row);
    };
    q.push_back(NormaliseHeads(project(PartKind::kQuery, PartKind::kQueryBias),
                               {PartKind::kQueryNorm, layer}));
    k.push_back(
        NormaliseHeads(project(PartKind::kKey, PartKind::kKeyBias), {PartKind::kKeyNorm, layer}));
    v.push_back(project(PartKind::kValue, PartKind::kValueBias));
  }
  for (int64_t b = 0; b < sequences; ++b) {
    for (int64_t t = 0; t < length; ++t) {
      Row joined;
      for (int64_t h = 0; h < model.heads; ++h) {
        const int64_t start = StartOf(t);
        const Row query = Rotate(head_of(q[static_cast<size_t>(b * length + t)], h), t - start);
        Row scores;
        for (int64_t s = start; s <= t; ++s) {
          const Row key =
              Rotate(head_of(k[static_cast<size_t>(b * length + s)], h / group), s - start);
          scores.push_back(std::inner_product(query.begin(), query.end(), key.begin(), 0.0) /
                           std::sqrt(static_cast<double>(width)));
        }
        const Row p = Softmax(scores);
        Row sum(width);
        for (int64_t s = start; s <= t; ++s) {
          const Row value = head_of(v[static_cast<size_t>(b * length + s)], h / group);
          for (size_t i = 0; i < width; ++i) sum[i] += p[static_cast<size_t>(s - start)] * value[i];
        }
        joined.insert(joined.end(), sum.begin(), sum.end());
      }
      out.push_back(
          MultiplyAndAdd({PartKind::kOutput, layer}, {PartKind::kOutputBias, layer}, joined));
    }
  }
  return out;
}

namespace {

double Curve(double x, Activation activation) {
  switch (activation) {
    case Activation::kSwiGlu:
      return x / (1 + std::exp(-x));
    case Activation::kSquaredRelu:
      return x > 0 ? x * x : 0;
    case Activation::kGelu:
      return x / 2 * (1 + std::erf(x / std::sqrt(2)));
    case Activation::kGeGlu:
    case Activation::kGeluTanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1)) * (x + 0.044715 * x * x * x)));
  }
  return 0;
}

}  // namespace

ReferenceTransformer::Row ReferenceTransformer::FeedForward(const Row& x, const Part& gate,
                                                            const Part& up, const Part& down,
                                                            double weight) {
  const Activation activation = architecture_.model.Traits().activation;
  Row hidden = MultiplyAndAdd(up, {PartKind::kUpBias, up.layer}, x);
  if (IsGated(activation)) {
    const Row gates = Multiply(gate, x);
    for (size_t i = 0; i < hidden.size(); ++i) hidden[i] *= Curve(gates[i], activation);
  } else {
    for (double& h : hidden) h = Curve(h, activation);
  }
  Row out = MultiplyAndAdd(down, {PartKind::kDownBias, down.layer}, hidden);
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

ReferenceTransformer::Rows ReferenceTransformer::SecondHalf(
    const Rows& x, int64_t layer, CapacityFactor capacity_factor,
    std::map<int64_t, std::vector<RouterTrace>>* traces) {
  if (!architecture_.LayerHasExperts(layer)) {
    Rows y;
    for (const Row& row : x) {
      y.push_back(FeedForward(row, {PartKind::kGate, layer}, {PartKind::kUp, layer},
                              {PartKind::kDown, layer}, 1));
    }
    return y;
  }
  std::optional<int64_t> micro_batch;
  if (traces != nullptr) micro_batch = static_cast<int64_t>((*traces)[layer].size());
  const RouterTrace trace = Route(x, layer, micro_batch);
  Rows y = Experts(x, layer, capacity_factor, trace);
  AddSharedExpert(y, x, layer);
  if (traces != nullptr) (*traces)[layer].push_back(trace);
  return y;
}

ReferenceTransformer::Rows ReferenceTransformer::Forward(
    const std::vector<int32_t>& tokens, int64_t sequences, int64_t length,
    CapacityFactor capacity_factor, std::map<int64_t, std::vector<RouterTrace>>* traces) {
  const Residual residual = architecture_.model.Traits().residual;
  Rows x = Embed(tokens, length);
  const auto add = [&](const Rows& y) {
    for (size_t t = 0; t < x.size(); ++t) {
      for (size_t i = 0; i < x[t].size(); ++i) x[t][i] += y[t][i];
    }
  };
  for (int64_t layer = 0; layer < architecture_.model.layers; ++layer) {
    const auto norm = [&](const Rows& rows, PartKind weight, PartKind bias) {
      return Normalise(rows, {weight, layer}, {bias, layer});
    };
    const auto first = [&](const Rows& rows) {
      return norm(rows, PartKind::kAttentionNorm, PartKind::kAttentionNormBias);
    };
    const auto second = [&](const Rows& rows) {
      return norm(rows, PartKind::kFeedForwardNorm, PartKind::kFeedForwardNormBias);
    };
    const auto attend = [&](const Rows& rows) { return Attend(rows, layer, sequences, length); };
    const auto feed = [&](const Rows& rows) {
      return SecondHalf(rows, layer, capacity_factor, traces);
    };
    if (residual == Residual::kAfter) {
      add(first(attend(x)));
      add(second(feed(x)));
    } else if (residual == Residual::kParallel) {
      const Rows attended = attend(first(x));
      add(feed(second(x)));
      add(attended);
    } else {
      add(attend(first(x)));
      add(feed(second(x)));
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
