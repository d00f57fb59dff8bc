#include "kernels/cpu/blas_info.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <cblas.h>

namespace upcycle {
namespace {

// OpenBLAS's names of cores whose kernels use AVX2 or AVX-512; others of x86 use SSE or AVX.
constexpr std::array<std::string_view, 6> kWideCores = {
    "Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids", "Excavator"};

bool HasWideVectors() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

}  // namespace

BlasInfo LookAtOpenBlas() {
  BlasInfo info = {.config = openblas_get_config(), .core = openblas_get_corename()};
  const auto is_core = [&](std::string_view name) {
    return std::ranges::equal(name, info.core, [](unsigned char a, unsigned char b) {
      return std::tolower(a) == std::tolower(b);
    });
  };
  info.is_right = !HasWideVectors() || std::ranges::any_of(kWideCores, is_core);
  return info;
}

}  // namespace upcycle
