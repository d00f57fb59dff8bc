#include "tests/kernels/allocations.h"

#include <atomic>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UPCYCLE_COUNTS_ALLOCATIONS 0
#else
#define UPCYCLE_COUNTS_ALLOCATIONS 1
#endif

namespace upcycle {
namespace {

std::atomic<int64_t> allocations{0};

}  // namespace

bool CountsAllocations() { return UPCYCLE_COUNTS_ALLOCATIONS == 1; }

int64_t AllocationsSoFar() { return allocations.load(); }

}  // namespace upcycle

#if UPCYCLE_COUNTS_ALLOCATIONS

// The C library's own, under the names that it keeps for programs with a malloc of theirs.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  ++upcycle::allocations;
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  ++upcycle::allocations;
  return __libc_calloc(count, size);
}

void* realloc(void* memory, size_t size) {
  ++upcycle::allocations;
  return __libc_realloc(memory, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  ++upcycle::allocations;
  return __libc_memalign(alignment, size);
}
}

#endif
