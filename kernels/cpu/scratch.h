// Memory of each thread for what an op needs in between.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace upcycle {

// `bytes` of zeroed memory at a multiple of 64, for std::free. Throws Error(kMemory) naming the
// amount.
void* AllocateZeroed(int64_t bytes);

class Scratch {
 public:
  explicit Scratch(int threads) : memory_(static_cast<size_t>(threads)) {}

  // Makes sure of `floats` for each thread. Allocates only when more than ever before is asked for;
  // what was in it is lost then. Not from within a task.
  void Reserve(int64_t floats);

  float* Of(int worker) const { return memory_[static_cast<size_t>(worker)].get(); }

 private:
  struct Free {
    void operator()(float* memory) const;
  };

  int64_t floats_ = 0;
  std::vector<std::unique_ptr<float, Free>> memory_;
};

}  // namespace upcycle
