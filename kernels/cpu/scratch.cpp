#include "kernels/cpu/scratch.h"

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {

void* AllocateZeroed(int64_t bytes) {
  constexpr int64_t kAlignment = 64;
  UPCYCLE_CHECK(bytes >= 0);
  const int64_t whole = (bytes / kAlignment + 1) * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, static_cast<size_t>(whole));
  if (memory == nullptr) {
    throw Error(Cause::kMemory,
                fmt::format("cannot allocate {:.1f} MiB of memory; use a smaller micro-batch or "
                            "model, or run fewer workers at once (-j)",
                            static_cast<double>(bytes) / (1 << 20)));
  }
  std::memset(memory, 0, static_cast<size_t>(whole));
  return memory;
}

void Scratch::Free::operator()(float* memory) const { std::free(memory); }

void Scratch::Reserve(int64_t floats) {
  if (floats <= floats_) return;
  for (auto& memory : memory_) {
    memory.reset(static_cast<float*>(AllocateZeroed(floats * static_cast<int64_t>(sizeof(float)))));
  }
  floats_ = floats;
}

}  // namespace upcycle
