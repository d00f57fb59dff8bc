#include "kernels/cuda/stream.h"

#include "kernels/cuda/errors.h"

namespace upcycle {

CudaStream::CudaStream() {
  CheckCuda(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "make a stream");
}

CudaStream::~CudaStream() { cudaStreamDestroy(handle_); }

CudaEvent::CudaEvent() {
  CheckCuda(cudaEventCreateWithFlags(&handle_, cudaEventDisableTiming), "make an event");
}

CudaEvent::~CudaEvent() { cudaEventDestroy(handle_); }

void CudaEvent::Record(cudaStream_t stream) {
  CheckCuda(cudaEventRecord(handle_, stream), "mark a point of a stream");
}

void CudaEvent::HoldBack(cudaStream_t stream) const {
  CheckCuda(cudaStreamWaitEvent(stream, handle_, 0), "let a stream wait");
}

void CudaEvent::Await() const { CheckCuda(cudaEventSynchronize(handle_), "finish the work"); }

}  // namespace upcycle
