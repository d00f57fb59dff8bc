// The backend that a test program is about, for tests that several programs share.
#pragma once

#include <memory>

#include "kernels/backend.h"

namespace upcycle {

// Null where this machine has no such device.
std::unique_ptr<Backend> MakeTestedBackend();

}  // namespace upcycle
