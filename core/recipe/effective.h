// What of the settings decides this run's result: settings that the run does not use are set to
// their defaults, and settings that mean "as another" to what they stand for, so that two runs give
// the same result if, and as far as settings can say only if, their effective settings are equal.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/settings.h"

namespace upcycle {

RunSettings EffectiveSettings(RunSettings settings);

// A setting, or a whole mapping of them, that is not what decides the result.
struct Reduction {
  std::string path;
  std::string why;  // in a clause: "a constant rate has no minimum"
  // Whatever its value, the result is the same; if false, it only says another value otherwise.
  bool is_unused = false;
};

// All that EffectiveSettings changes.
std::vector<Reduction> FindReductions(const RunSettings& settings);

}  // namespace upcycle
