// What a recipe's arms cost by counting: parameters, FLOPs by part, traffic between devices.
// Nothing here needs data, a ledger or a model.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/recipe/recipe.h"

namespace upcycle {

// `devices`: over how many of them each layer's experts lie.
nlohmann::json ArmCostJson(const RunSettings& settings, int64_t devices);

// A table with a row an arm, and the sentences under it.
std::string ArmCostText(const Recipe& recipe, int64_t devices);

}  // namespace upcycle
