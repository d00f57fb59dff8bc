// How many rows each expert serves, brought to the host.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include <cuda_runtime.h>

#include "core/tensor.h"
#include "kernels/cuda/stream.h"

namespace upcycle {

// Counts are known by their device memory, so several dispatches can be in use at once, and each
// keeps its counts until it is planned anew. Memory grows with the number of dispatches, by E words
// each, until this object ends.
class HostCounts {
 public:
  HostCounts() = default;
  ~HostCounts();
  HostCounts(const HostCounts&) = delete;
  HostCounts& operator=(const HostCounts&) = delete;

  // Starts to copy `counts` [E], behind what `stream` has to do. Waits for the last such copy if
  // nobody has asked for it.
  void Fetch(ConstTensor counts, cudaStream_t stream);
  // `counts` is planned in a way that needs nothing on the host.
  void Forget(ConstTensor counts);
  // What was fetched of `counts`; waits for it if it is not here. Throws Error(kBug) if it never
  // was.
  const std::vector<int32_t>& Of(ConstTensor counts);

 private:
  void ReservePinned(int64_t count);
  void Arrive();

  int32_t* pinned_ = nullptr;
  int64_t pinned_count_ = 0;
  CudaEvent copied_;
  const void* on_its_way_ = nullptr;  // whose counts come to be in pinned memory
  int64_t coming_count_ = 0;
  std::map<const void*, std::vector<int32_t>> arrived_;
};

}  // namespace upcycle
