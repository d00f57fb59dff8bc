// A tiny model and its upcycling, for tests of what methods make of a parent.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/random.h"
#include "experiments/model/parameters.h"
#include "experiments/model/transformer.h"
#include "experiments/upcycling/upcycle.h"

namespace upcycle {

inline Architecture Target(Family family, int64_t expansion, int64_t granularity, int64_t top_k,
                           RoutingOrder order) {
  Architecture a;
  a.model.family = family;
  a.model.layers = 2;
  a.model.width = 32;
  a.model.heads = 4;
  a.model.ffn_width = 64;
  a.model.sequence_length = 16;
  a.model.init_std = 0.15;
  a.vocabulary = 40;
  a.has_experts = true;
  a.moe.expansion = expansion;
  a.moe.granularity = granularity;
  a.moe.top_k = top_k;
  a.moe.router.order = order;
  a.moe.router.init_std = 0.02;
  return a;
}

// Weights of the dense parent, kept by part: fresh, and vectors a little beside the ones and zeros
// that they begin with.
class Parent {
 public:
  explicit Parent(const Architecture& target, uint64_t seed = 7) : architecture_(target.Dense()) {
    for (const Part& part : ListParts(architecture_)) {
      std::vector<float>& values = values_[PartName(part, architecture_)];
      values.resize(static_cast<size_t>(PartShape(part, architecture_).size()));
      FillFreshPart(values, part, architecture_, seed);
      if (PartShape(part, architecture_).rank() > 1) continue;
      const RandomStream stream(seed, PartName(part, architecture_));
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] += static_cast<float>(0.1 * stream.Normal(i));
      }
    }
  }
  std::span<const float> operator()(const Part& part) const {
    return values_.at(PartName(part, architecture_));
  }

 private:
  Architecture architecture_;
  std::map<std::string, std::vector<float>> values_;
};

// The values of a part of the upcycled model.
inline std::vector<float> Upcycled(const Architecture& target, const UpcycleSettings& settings,
                                   const Part& part, const ParentReader& parent,
                                   uint64_t seed = 3) {
  std::vector<float> values(static_cast<size_t>(PartShape(part, target).size()));
  Upcycler(target, settings, seed).Fill(values, part, parent);
  return values;
}

inline std::vector<float> Logits(const Architecture& architecture, const ParentReader& values) {
  const auto backend = MakeCpuBackend(1);
  Transformer model(*backend, architecture, {{4, 16, 1}, Purpose::kEvaluate});
  for (const auto& piece : model.parameters().pieces()) {
    const auto part = values(piece.part);
    backend->CopyFromHost(piece.value, ConstTensor(part.data(), piece.value.shape()));
  }
  std::vector<int32_t> tokens;
  const RandomStream stream(1, "tokens");
  for (int i = 0; i < 64; ++i) tokens.push_back(static_cast<int32_t>(stream.Below(i, 40)));
  std::vector<float> logits(64 * 40);
  model.Logits({tokens.data(), nullptr, 4, 16}, {}, logits.data());
  return logits;
}

inline double RelativeError(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(double{a[i]} - b[i], 2);
    norm += std::pow(double{b[i]}, 2);
  }
  return std::sqrt(difference / norm);
}

// ‖upcycled logits - parent's logits‖ / ‖parent's logits‖.
inline double LogitError(const Architecture& target, const UpcycleSettings& settings) {
  const Parent parent(target);
  const ParentReader reader = [&](const Part& part) { return parent(part); };
  std::vector<float> values;
  const ParentReader upcycled = [&](const Part& part) -> std::span<const float> {
    values = Upcycled(target, settings, part, reader);
    return values;
  };
  return RelativeError(Logits(target, upcycled), Logits(target.Dense(), reader));
}

}  // namespace upcycle
