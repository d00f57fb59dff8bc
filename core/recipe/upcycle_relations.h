// What must hold between the settings of an upcycling.
#pragma once

#include <vector>

#include "core/recipe/relations.h"

namespace upcycle {

// Adds what is wrong with how the run starts from its parent.
void FindUpcycleViolations(const RunSettings& settings, std::vector<Violation>& violations);

}  // namespace upcycle
