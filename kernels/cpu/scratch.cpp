#include "kernels/cpu/scratch.h"

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <sys/mman.h>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {

namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kHugePage = 1 << 21;

}  // namespace

void* AllocateZeroed(int64_t bytes) {
  UPCYCLE_CHECK(bytes >= 0);
  const bool huge = bytes >= 2 * kHugePage;
  const int64_t alignment = huge ? kHugePage : kAlignment;
  const auto whole = static_cast<size_t>((bytes / alignment + 1) * alignment);
  void* memory = std::aligned_alloc(static_cast<size_t>(alignment), whole);
  if (memory == nullptr) {
    throw Error(Cause::kMemory,
                fmt::format("cannot allocate {:.1f} MiB of memory; use a smaller micro-batch or "
                            "model, or run fewer workers at once (-j)",
                            static_cast<double>(bytes) / (1 << 20)));
  }
  // Fewer pages are fewer misses of the address cache. A wish: where it is refused, small pages do.
  if (huge) ::madvise(memory, whole, MADV_HUGEPAGE);
  std::memset(memory, 0, whole);
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
