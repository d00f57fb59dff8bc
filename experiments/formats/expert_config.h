// What the configurations of mixtures say of their experts: Mixtral, Qwen2-MoE, Qwen3-MoE, OLMoE.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "experiments/formats/config_reader.h"
#include "experiments/formats/config_values.h"
#include "experiments/formats/formats.h"
#include "experiments/model/architecture.h"

namespace upcycle {

struct ExpertConfig {
  Format format = Format::kMixtral;
  std::string_view model_type;
  Family family = Family::kLlama;  // of its layers without experts

  // Qwen2-MoE's attention has Qwen 2's biases or none.
  Family FamilyOf(const ConfigValues& config) const;
};

// Null for a type that is no mixture's.
const ExpertConfig* ExpertConfigOf(std::string_view model_type);

// The experts beside `model`, which was read as a dense one. Throws Error(kInput) for what cannot
// be computed: shared experts and layers without experts that are of different widths.
ModelConfig ReadExperts(const ExpertConfig& type, ModelSettings model, const ConfigValues& config);

// Sets the keys of a format, which is none of kDense and kOwn and computes the architecture.
void WriteExperts(nlohmann::json& config, Format format, const Architecture& architecture);

}  // namespace upcycle
