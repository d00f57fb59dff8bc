// What the checked fronts must refuse, tried on every argument of a case.
#pragma once

#include <string>

#include "tests/kernels/op_case.h"

namespace upcycle {

// Calls a case with each tensor in turn of another element type, of another shape and without
// memory. Sentences about calls that did not end with Error(kBug); empty if all did.
std::string AcceptedMistakes(Backend& backend, const OpCase& op_case);

}  // namespace upcycle
