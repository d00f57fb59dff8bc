// When early stopping compares arms.
#pragma once

#include <cstdint>
#include <vector>

#include "core/recipe/settings.h"
#include "core/recipe/study_settings.h"

namespace upcycle {

// The steps after which an arm's training is compared with the others': the validations nearest to
// `first` of its steps, twice that, and so on, all before its end. Every arm of a study has as
// many, unless its validations are too far apart for that; then it has none.
std::vector<int64_t> DecisionSteps(const RunSettings& arm, const EarlyStoppingSettings& settings);

}  // namespace upcycle
