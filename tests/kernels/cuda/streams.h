// Streams, events and graphs of the host's stand-in for CUDA's runtime. Work is done when it is
// given, or remembered while its stream is captured. What a GPU would leave to chance or refuse is
// an error: streams and events that have ended, an event that was never recorded, work on a stream
// beside others that does not wait for them, two products at once in one workspace, and, during a
// capture, whatever waits, allocates or copies ordinary host memory.
#pragma once

#include <functional>

#include "tests/kernels/cuda/cuda_runtime.h"

namespace upcycle::shim {

using Work = std::function<cudaError_t()>;

// Kernels, copies and the like: they come after all that was given to the streams that forked from
// this one, so those must have been joined.
cudaError_t Give(cudaStream_t stream, Work work);
// A product of cublasLt, which may run beside those of other streams that forked from the same one
// after its last work, if it has a workspace of its own.
cudaError_t GiveProduct(cudaStream_t stream, const void* workspace, Work work);

// Whether work given to the stream is remembered.
bool IsCaptured(cudaStream_t stream);
// What to return from a call that no capture allows: spoils every capture under way.
cudaError_t RefuseInCapture();

}  // namespace upcycle::shim
