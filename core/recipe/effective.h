// What of the settings decides this run's result: settings that the run does not use are set to
// their defaults, and settings that mean "as another" to what they stand for, so that two runs give
// the same result if, and as far as settings can say only if, their effective settings are equal.
#pragma once

#include "core/recipe/settings.h"

namespace upcycle {

RunSettings EffectiveSettings(RunSettings settings);

}  // namespace upcycle
