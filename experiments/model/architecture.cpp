#include "experiments/model/architecture.h"

#include <nlohmann/json.hpp>

#include "core/recipe/canonical.h"

namespace upcycle {

Architecture ArchitectureFromJson(const nlohmann::json& settings, int64_t vocabulary) {
  Architecture architecture = {.model = SettingsFromJson<ModelSettings>(settings.at("model")),
                               .moe = {},
                               .has_experts = settings.contains("moe"),
                               .vocabulary = vocabulary};
  if (architecture.has_experts) {
    architecture.moe = SettingsFromJson<MoeSettings>(settings.at("moe"));
  }
  return architecture;
}

}  // namespace upcycle
