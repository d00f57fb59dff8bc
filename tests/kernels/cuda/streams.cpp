#include "tests/kernels/cuda/streams.h"

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/kernels/cuda/device.h"

using upcycle::shim::Work;

// How much of every stream's work is known to come before a point.
using Past = std::map<const CUstream_st*, int64_t>;

struct CUstream_st {
  Past past;                            // of the next work, its own included
  const CUstream_st* parent = nullptr;  // that this one forked from
  bool captured = false;
  bool spoilt = false;
  std::vector<Work> remembered;
};
struct CUevent_st {
  const CUstream_st* stream = nullptr;  // null until it is recorded
  Past past;
};
struct CUgraph_st {
  std::vector<Work> work;
};
struct CUgraphExec_st {
  std::vector<Work> work;
};

namespace upcycle::shim {
namespace {

// Everything that is alive, and what tests ask for.
struct State {
  std::set<const void*> alive;
  std::set<CUstream_st*> streams;
  std::map<const void*, std::pair<const CUstream_st*, int64_t>> workspaces;  // and their last use
  int64_t captures = 0;
  int64_t graph_launches = 0;
};

State& TheState() {
  static State state;
  return state;
}

bool Lives(const void* handle) { return TheState().alive.count(handle) > 0; }

template <typename T>
T* Begin() {
  T* made = new T();
  TheState().alive.insert(made);
  return made;
}

template <typename T>
cudaError_t End(T* handle) {
  if (TheState().alive.erase(handle) == 0) return cudaErrorInvalidResourceHandle;
  delete handle;
  return cudaSuccess;
}

int64_t Known(const Past& past, const CUstream_st* stream) {
  const auto known = past.find(stream);
  return known == past.end() ? 0 : known->second;
}

// All that `earlier` was given so far comes before what `later` is given next.
bool After(const CUstream_st& later, const CUstream_st& earlier) {
  return Known(later.past, &earlier) == Known(earlier.past, &earlier);
}

cudaError_t Refuse(const char* why) {
  std::fprintf(stderr, "stream fault: %s\n", why);
  return cudaErrorInvalidValue;
}

cudaError_t Do(cudaStream_t stream, Work work) {
  if (stream->captured) {
    stream->remembered.push_back(std::move(work));
    return cudaSuccess;
  }
  ++stream->past[stream];
  return work();
}

}  // namespace

cudaError_t Give(cudaStream_t stream, Work work) {
  if (!Lives(stream)) return cudaErrorInvalidResourceHandle;
  for (const CUstream_st* other : TheState().streams) {
    if (other->parent == stream && !After(*stream, *other)) return Refuse("no join before work");
  }
  return Do(stream, std::move(work));
}

cudaError_t GiveProduct(cudaStream_t stream, const void* workspace, Work work) {
  if (!Lives(stream)) return cudaErrorInvalidResourceHandle;
  if (stream->captured) return Do(stream, std::move(work));
  const bool forked = stream->parent != nullptr;
  if (!forked && stream->past.empty()) return Refuse("no fork");
  if (forked && !After(*stream, *stream->parent)) return Refuse("no fork after the last work");
  auto& [user, use] = TheState().workspaces[workspace];
  if (user != nullptr && Lives(user) && Known(stream->past, user) < use) {
    return Refuse("a workspace that is in use");
  }
  user = stream;
  use = Known(stream->past, stream) + 1;
  return forked ? Do(stream, std::move(work)) : Give(stream, std::move(work));
}

bool IsCaptured(cudaStream_t stream) { return Lives(stream) && stream->captured; }

cudaError_t RefuseInCapture() {
  bool any = false;
  for (CUstream_st* stream : TheState().streams) {
    if (stream->captured) stream->spoilt = any = true;
  }
  return any ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

int64_t Captures() { return TheState().captures; }
int64_t GraphLaunches() { return TheState().graph_launches; }

bool ComesAfter(cudaStream_t later, cudaStream_t earlier) { return After(*later, *earlier); }

}  // namespace upcycle::shim

using upcycle::shim::Lives;
using upcycle::shim::TheState;

// --- streams

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int) {
  *stream = upcycle::shim::Begin<CUstream_st>();
  TheState().streams.insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  TheState().streams.erase(stream);
  for (CUstream_st* other : TheState().streams) {
    other->past.erase(stream);
    if (other->parent == stream) other->parent = nullptr;
  }
  std::erase_if(TheState().workspaces,
                [&](const auto& used) { return used.second.first == stream; });
  return upcycle::shim::End(stream);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (!Lives(stream)) return cudaErrorInvalidResourceHandle;
  return upcycle::shim::RefuseInCapture();
}

// --- events

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int) {
  *event = upcycle::shim::Begin<CUevent_st>();
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) { return upcycle::shim::End(event); }

// CUDA would make a captured event part of the graph; here it spoils the capture.
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (!Lives(event) || !Lives(stream)) return cudaErrorInvalidResourceHandle;
  if (stream->captured) return upcycle::shim::RefuseInCapture();
  event->stream = stream;
  event->past = stream->past;
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  if (!Lives(event) || !Lives(stream)) return cudaErrorInvalidResourceHandle;
  if (event->stream == nullptr) return upcycle::shim::Refuse("waits for no event");
  if (stream->captured) return upcycle::shim::RefuseInCapture();
  for (const auto& [other, known] : event->past) {
    int64_t& own = stream->past[other];
    own = own < known ? known : own;
  }
  const bool child = Lives(event->stream) && event->stream->parent == stream;
  if (!child && stream->parent == nullptr && event->stream != stream)
    stream->parent = event->stream;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (!Lives(event)) return cudaErrorInvalidResourceHandle;
  if (event->stream == nullptr) return upcycle::shim::Refuse("waits for no event");
  return upcycle::shim::RefuseInCapture();
}

// --- graphs

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (!Lives(stream)) return cudaErrorInvalidResourceHandle;
  if (stream->captured) return cudaErrorIllegalState;
  ++TheState().captures;
  stream->captured = true;
  stream->spoilt = false;
  stream->remembered.clear();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (!Lives(stream)) return cudaErrorInvalidResourceHandle;
  if (!stream->captured) return cudaErrorIllegalState;
  stream->captured = false;
  if (stream->spoilt) return cudaErrorStreamCaptureInvalidated;
  *graph = upcycle::shim::Begin<CUgraph_st>();
  (*graph)->work = std::move(stream->remembered);
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  if (!Lives(graph)) return cudaErrorInvalidResourceHandle;
  *executable = upcycle::shim::Begin<CUgraphExec_st>();
  (*executable)->work = graph->work;
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  if (!Lives(executable) || !Lives(stream)) return cudaErrorInvalidResourceHandle;
  if (stream->captured) return upcycle::shim::RefuseInCapture();
  ++TheState().graph_launches;
  for (const Work& work : executable->work) {
    const cudaError_t status = upcycle::shim::Give(stream, work);
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return upcycle::shim::End(graph); }

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return upcycle::shim::End(executable);
}
