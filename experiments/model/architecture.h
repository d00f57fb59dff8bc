// What a model is, apart from its weights: enough to list its tensors, build it and write its
// config.json.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "core/recipe/settings.h"
#include "kernels/backend.h"

namespace upcycle {

struct Architecture {
  ModelSettings model;
  MoeSettings moe;  // meaningful where has_experts
  bool has_experts = false;
  int64_t vocabulary = 0;

  bool LayerHasExperts(int64_t layer) const { return has_experts && moe.layers.Contains(layer); }
  int64_t ExpertWidth() const { return model.ffn_width / moe.granularity; }
  FamilyTraits traits() const { return model.Traits(); }
  Activation activation() const { return traits().activation; }
  bool Gated() const { return IsGated(activation()); }
  AttentionShape Attention(int64_t sequences, int64_t length) const {
    return {sequences, length, model.heads, model.KvHeads(), model.HeadWidth()};
  }

  // The parent of an upcycled model, or the model itself.
  Architecture Dense() const {
    Architecture dense = *this;
    dense.has_experts = false;
    return dense;
  }
};

// The architecture that a run's settings ask for.
inline Architecture ArchitectureOf(const RunSettings& settings, int64_t vocabulary) {
  return {settings.model, settings.moe, settings.HasExperts(), vocabulary};
}

// The architecture that JSON keeps as `{"model": …, "moe": …}`, `moe` where it has experts. Throws
// what the JSON library or SettingsFromJson throws where it keeps none.
Architecture ArchitectureFromJson(const nlohmann::json& settings, int64_t vocabulary);

}  // namespace upcycle
