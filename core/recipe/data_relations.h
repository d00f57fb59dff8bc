// What must hold between the settings of what a run reads.
#pragma once

#include <vector>

#include "core/recipe/relations.h"

namespace upcycle {

// Adds what is wrong with the sources of text, the tokenizer, and the tokenizer for the model.
void FindDataViolations(const RunSettings& settings, std::vector<Violation>& violations);

}  // namespace upcycle
