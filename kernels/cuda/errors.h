// Failed CUDA calls as Errors.
#pragma once

#include <cstdint>

#include <cuda_runtime.h>

#include "core/error.h"

namespace upcycle {

// Throws Error for anything but success: "cannot ACTION: what CUDA says", kDeviceMemory where the
// device has no memory left, else kDevice.
void CheckCuda(cudaError_t status, const char* action);

// What a device without `bytes` more memory ends a run with.
Error DeviceMemoryError(int64_t bytes);

}  // namespace upcycle
