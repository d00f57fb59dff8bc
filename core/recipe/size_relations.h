// Whether what a run takes can be counted: settings, each of which is right by itself, can together
// ask for more experts, parameters or bytes than any machine will have, and than whole numbers
// hold.
#pragma once

#include <vector>

#include "core/recipe/relations.h"

namespace upcycle {

// Appends what is wrong with the sizes of settings whose other relations hold.
void FindSizeViolations(const RunSettings& settings, std::vector<Violation>& violations);

}  // namespace upcycle
