// What tests ask of the host's stand-in for a GPU.
#pragma once

#include <cstdint>

namespace upcycle::shim {

// Calls that asked for device or pinned memory so far.
int64_t DeviceAllocations();

}  // namespace upcycle::shim
