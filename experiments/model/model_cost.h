// What a model costs, by counting (core/recipe/cost.h).
#pragma once

#include "core/recipe/cost.h"
#include "experiments/model/architecture.h"

namespace upcycle {

inline Cost CostOf(const Architecture& architecture) {
  return CostOf(architecture.model, architecture.has_experts ? &architecture.moe : nullptr,
                architecture.vocabulary);
}

}  // namespace upcycle
