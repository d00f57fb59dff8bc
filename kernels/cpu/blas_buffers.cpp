#include "kernels/cpu/blas_buffers.h"

#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>

#include "core/error.h"

// OpenBLAS exports these two beside its interface; no header of its names them.
extern "C" {
void* blas_memory_alloc(int position);
void blas_memory_free(void* buffer);
}

namespace upcycle {
namespace {

// As OpenBLAS 0.3 has them on x86-64, with what lies around each.
constexpr size_t kBufferBytes = (size_t{128} << 20) + (64 << 10);

bool MayHave(size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  ::munmap(memory, bytes);
  return true;
}

}  // namespace

void TakeBlasBuffers(int threads) {
  if (!MayHave(kBufferBytes * static_cast<size_t>(threads))) {
    throw Error(Cause::kMemory,
                fmt::format("no memory left for matrix products, which want 128 MiB of address "
                            "space for each of {} threads: raise the limit (ulimit -v), use fewer "
                            "threads, or run fewer workers at once (-j)",
                            threads));
  }
  std::vector<void*> buffers;
  for (int i = 0; i < threads; ++i) buffers.push_back(blas_memory_alloc(0));
  for (void* buffer : buffers) blas_memory_free(buffer);
}

}  // namespace upcycle
