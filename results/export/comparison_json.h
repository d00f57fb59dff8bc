#pragma once

#include <string>

#include "results/comparison/comparison.h"
#include "results/evidence/study_effects.h"

namespace upcycle {

// All of a comparison: every seed's values in full precision, the statistics, settings and costs of
// each arm, with the evidence where that was asked for and the effects where they are given, and
// the fingerprints that lead to the stages. A number that is not there is null. The keys are
// explained in results/README.md.
std::string ToJson(const Comparison& comparison, const StudyEffects* effects = nullptr);

}  // namespace upcycle
