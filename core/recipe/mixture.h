// How a dense model becomes a mixture of experts, without a recipe around it.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/settings.h"

namespace upcycle {

struct Mixture {
  MoeSettings moe;
  UpcycleSettings upcycle;
  std::vector<std::string> warnings;  // what is probably not meant
};

// What `settings` ask for, each `path=value` with a path below moe or upcycle and the value in
// YAML, on top of `usual`. Throws Error(kInput) with all the mistakes: a setting that is not known
// or out of range, or settings that a mixture made of `dense` cannot have.
Mixture ReadMixture(const ModelSettings& dense, const Mixture& usual,
                    const std::vector<std::string>& settings);

}  // namespace upcycle
