#include "kernels/cpu/cpu_backend.h"

#include <algorithm>
#include <cstdlib>

#include <cblas.h>
#include <fmt/format.h>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/blas_buffers.h"
#include "kernels/cpu/simd.h"
#include "kernels/cpu/small_product.h"

namespace upcycle {
namespace {

// Wider heads grow the scratch at their first use.
constexpr int64_t kUsualHeadWidth = 128;

// The instruction set that the vector bodies will be run with.
const char* InstructionSet() {
  const int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
#if HWY_ARCH_X86
  if ((supported & HWY_AVX3) != 0) return "AVX-512";
  if ((supported & HWY_AVX2) != 0) return "AVX2";
#endif
  return supported == 0 ? "none" : "portable";
}

}  // namespace

CpuBackend::CpuBackend(int threads) : pool_(threads), scratch_(threads) {
  // Products run one to a thread of ours, in tiles that do not depend on their number.
  openblas_set_num_threads(1);
  TakeBlasBuffers(threads);
  scratch_.Reserve(std::max(AttentionScratchFloats(kUsualHeadWidth), kProductScratchFloats));
}

std::string CpuBackend::Name() const {
  return fmt::format("cpu ({}, {} thread{})", InstructionSet(), pool_.threads(),
                     pool_.threads() == 1 ? "" : "s");
}

void* CpuBackend::Allocate(int64_t bytes) { return AllocateZeroed(bytes); }

void CpuBackend::Free(void* memory) { std::free(memory); }

void CpuBackend::DoRepeat(std::unique_ptr<Recording>&, const std::function<void()>& work) {
  work();
}

std::unique_ptr<Backend> MakeCpuBackend(int threads) {
  return std::make_unique<CpuBackend>(threads);
}

}  // namespace upcycle
