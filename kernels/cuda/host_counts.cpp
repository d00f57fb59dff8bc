#include "kernels/cuda/host_counts.h"

#include <algorithm>

#include "kernels/cuda/errors.h"

namespace upcycle {

HostCounts::~HostCounts() { cudaFreeHost(pinned_); }

void HostCounts::ReservePinned(int64_t count) {
  constexpr int64_t kUsualExperts = 1024;
  if (count <= pinned_count_) return;
  cudaFreeHost(pinned_);
  pinned_ = nullptr;
  pinned_count_ = 0;
  const int64_t reserved = std::max(count, kUsualExperts);
  void* memory = nullptr;
  CheckCuda(cudaMallocHost(&memory, static_cast<size_t>(reserved) * sizeof(int32_t)),
            "allocate pinned memory");
  pinned_ = static_cast<int32_t*>(memory);
  pinned_count_ = reserved;
}

void HostCounts::Arrive() {
  if (on_its_way_ == nullptr) return;
  copied_.Await();
  arrived_[on_its_way_].assign(pinned_, pinned_ + coming_count_);
  on_its_way_ = nullptr;
}

void HostCounts::Fetch(ConstTensor counts, cudaStream_t stream) {
  Arrive();
  ReservePinned(counts.size());
  CheckCuda(cudaMemcpyAsync(pinned_, counts.memory(), static_cast<size_t>(counts.bytes()),
                            cudaMemcpyDeviceToHost, stream),
            "copy from the device");
  copied_.Record(stream);
  on_its_way_ = counts.memory();
  coming_count_ = counts.size();
}

void HostCounts::Forget(ConstTensor counts) {
  if (counts.memory() == on_its_way_) Arrive();
  arrived_.erase(counts.memory());
}

const std::vector<int32_t>& HostCounts::Of(ConstTensor counts) {
  if (counts.memory() == on_its_way_) Arrive();
  const auto known = arrived_.find(counts.memory());
  UPCYCLE_CHECK(known != arrived_.end());
  UPCYCLE_CHECK_EQ(static_cast<int64_t>(known->second.size()), counts.size());
  return known->second;
}

}  // namespace upcycle
