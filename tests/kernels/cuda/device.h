// What tests ask of the host's stand-in for a GPU.
#pragma once

#include <cstdint>

#include "tests/kernels/cuda/cuda_runtime.h"

namespace upcycle::shim {

// Calls that asked for device or pinned memory so far.
int64_t DeviceAllocations();

// Bytes of device memory that are allocated now; pinned memory is not counted.
int64_t DeviceBytes();

// Captures begun, and graphs launched, so far.
int64_t Captures();
int64_t GraphLaunches();

// Whether all that `earlier` was given so far is sure to come before what `later` is given next.
bool ComesAfter(cudaStream_t later, cudaStream_t earlier);

}  // namespace upcycle::shim
