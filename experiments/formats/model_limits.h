// Which sizes a model that a file describes can have.
#pragma once

#include <string>

#include "experiments/model/architecture.h"

namespace upcycle {

// Why there is no such model, in words that follow "PATH: "; empty where there can be one. It takes
// no time and no memory, so that a file cannot ask for more of either than a model needs: parts may
// be listed, and their sizes computed in 63 bits, of an architecture without a reason.
std::string ReasonAgainstSizes(const Architecture& architecture);

}  // namespace upcycle
