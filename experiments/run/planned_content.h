// What files held when a study was planned is part of what its stages are: a stage that finds
// something else there would record results under the wrong name.
#pragma once

#include <string_view>

#include "core/fingerprint.h"

namespace upcycle {

// Throws Error(kInput) where they differ; `what` names what was read, such as a path.
void RequirePlanned(std::string_view what, const Fingerprint& found, const Fingerprint& planned);

}  // namespace upcycle
