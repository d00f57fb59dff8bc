// The sentences under a comparison: which test was made and what it assumes, what equal compute
// means, what is missing and why.
#pragma once

#include <string>
#include <vector>

#include "results/comparison/comparison.h"

namespace upcycle {

std::vector<std::string> NotesOn(const Comparison& comparison);

}  // namespace upcycle
