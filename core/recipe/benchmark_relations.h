// What must hold between the benchmarks that a run is asked and its other settings.
#pragma once

#include <vector>

#include "core/recipe/relations.h"

namespace upcycle {

void FindBenchmarkViolations(const RunSettings& settings, std::vector<Violation>& violations);

}  // namespace upcycle
