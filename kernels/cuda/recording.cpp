// Work that is repeated, as a CUDA graph.
#include <utility>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/errors.h"

namespace upcycle {
namespace {

// What a stream is given between this object's beginning and Take becomes a graph and is not done.
class Capture {
 public:
  explicit Capture(cudaStream_t stream) : stream_(stream) {
    // Other threads' calls are their own affair.
    CheckCuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "record work");
  }
  ~Capture() {
    if (open_) End();
    if (graph_ != nullptr) cudaGraphDestroy(graph_);
    cudaGetLastError();
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // What can be launched, or null where CUDA cannot record the work.
  cudaGraphExec_t Take() {
    cudaGraphExec_t executable = nullptr;
    if (!End() || cudaGraphInstantiate(&executable, graph_, 0) != cudaSuccess) return nullptr;
    return executable;
  }

 private:
  bool End() {
    open_ = false;
    return cudaStreamEndCapture(stream_, &graph_) == cudaSuccess;
  }

  cudaStream_t stream_;
  bool open_ = true;
  cudaGraph_t graph_ = nullptr;
};

// A graph in flight when it is destroyed is finished by CUDA first.
class CudaRecording final : public Recording {
 public:
  explicit CudaRecording(const Backend* maker) : backend(maker) {}
  ~CudaRecording() override { Drop(); }

  void Drop() {
    if (graph != nullptr) cudaGraphExecDestroy(graph);
    graph = nullptr;
  }

  const Backend* backend;  // whose ops the work calls
  bool done_once = false;
  bool plain = false;  // it cannot be recorded
  cudaGraphExec_t graph = nullptr;
  int64_t scratch_growths = 0;  // when it was recorded
};

bool IsOfCuda(const Error& error) {
  return error.cause() == Cause::kDevice || error.cause() == Cause::kDeviceMemory;
}

// Sets a flag for its own lifetime.
class Flagged {
 public:
  explicit Flagged(bool& flag) : flag_(flag) { flag_ = true; }
  ~Flagged() { flag_ = false; }
  Flagged(const Flagged&) = delete;
  Flagged& operator=(const Flagged&) = delete;

 private:
  bool& flag_;
};

}  // namespace

cudaGraphExec_t CudaBackend::Record(const std::function<void()>& work) {
  host_took_part_ = false;
  Capture capture(stream_);
  try {
    work();
  } catch (const Error& error) {
    if (!IsOfCuda(error)) throw;
    return nullptr;
  }
  return host_took_part_ ? nullptr : capture.Take();
}

void CudaBackend::DoRepeat(std::unique_ptr<Recording>& recording,
                           const std::function<void()>& work) {
  UPCYCLE_CHECK(!repeats_);
  const Flagged flagged(repeats_);
  if (recording == nullptr) recording = std::make_unique<CudaRecording>(this);
  auto* const own = dynamic_cast<CudaRecording*>(recording.get());
  UPCYCLE_CHECK(own != nullptr && own->backend == this);
  // 1. Plainly, so that scratch has grown, libraries are loaded and their plans made.
  if (!own->done_once) {
    host_took_part_ = false;
    work();
    own->done_once = true;
    own->plain = host_took_part_;
    return;
  }
  // 2. A graph, anew whenever the scratch memory that it refers to has moved.
  if (!own->plain && (own->graph == nullptr || own->scratch_growths != scratch_.growths())) {
    own->Drop();
    own->graph = Record(work);
    own->scratch_growths = scratch_.growths();
    own->plain = own->graph == nullptr;
  }
  // 3. The work.
  if (own->plain) return work();
  CheckCuda(cudaGraphLaunch(own->graph, stream_), "replay work");
}

}  // namespace upcycle
