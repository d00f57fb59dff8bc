// What tests ask of the host's stand-in for cuDNN's attention. It takes the calls that FitsCudnn
// says, but has no plan for a single head.
#pragma once

#include <cstdint>

namespace upcycle::shim {

// Calls that the stand-in has computed so far.
int64_t CudnnCalls();

}  // namespace upcycle::shim
