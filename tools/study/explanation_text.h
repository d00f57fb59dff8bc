// Explanations of runs for people and for programs.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "experiments/study/explanation.h"

namespace upcycle {

// One run with all that is known of its stages.
std::string ExplanationText(const RunExplanation& run);

// All runs of a study, those with the same explanation together and without what is each one's own.
std::string GroupedText(const std::string& study, const std::vector<RunExplanation>& runs);

// Everything of all runs, without bounds.
nlohmann::json ExplanationJson(const std::string& study, const std::vector<RunExplanation>& runs);

}  // namespace upcycle
