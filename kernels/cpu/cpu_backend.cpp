#include "kernels/cpu/cpu_backend.h"

#include <cstdlib>
#include <cstring>

#include <cblas.h>
#include <fmt/format.h>

#include "core/error.h"
#include "kernels/cpu/attention.h"
#include "kernels/cpu/simd.h"

namespace upcycle {
namespace {

constexpr int64_t kAlignment = 64;

// The instruction set that the vector bodies will be run with.
const char* InstructionSet() {
  const int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
#if HWY_ARCH_X86
  if ((supported & HWY_AVX3) != 0) return "AVX-512";
  if ((supported & HWY_AVX2) != 0) return "AVX2";
#endif
  return supported == 0 ? "none" : "portable";
}

void* AllocateZeroed(int64_t bytes) {
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

}  // namespace

void CpuBackend::FreeDeleter::operator()(float* memory) const { std::free(memory); }

CpuBackend::CpuBackend(int threads) : pool_(threads) {
  // Products run one to a thread of ours, in tiles that do not depend on their number.
  openblas_set_num_threads(1);
  for (int thread = 0; thread < threads; ++thread) {
    const int64_t bytes = kAttentionScratchFloats * static_cast<int64_t>(sizeof(float));
    scratch_.emplace_back(static_cast<float*>(AllocateZeroed(bytes)));
  }
}

std::string CpuBackend::Name() const {
  return fmt::format("cpu ({}, {} thread{})", InstructionSet(), pool_.threads(),
                     pool_.threads() == 1 ? "" : "s");
}

void* CpuBackend::Allocate(int64_t bytes) { return AllocateZeroed(bytes); }

void CpuBackend::Free(void* memory) { std::free(memory); }

std::unique_ptr<Backend> MakeCpuBackend(int threads) {
  return std::make_unique<CpuBackend>(threads);
}

}  // namespace upcycle
