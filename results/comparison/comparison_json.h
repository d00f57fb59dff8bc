#pragma once

#include <string>

#include "results/comparison/comparison.h"

namespace upcycle {

// All of a comparison: every seed's values in full precision, the statistics, settings and costs of
// each arm, and the fingerprints that lead to the stages. A number that is not there is null. The
// keys are explained in results/README.md.
std::string ToJson(const Comparison& comparison);

}  // namespace upcycle
