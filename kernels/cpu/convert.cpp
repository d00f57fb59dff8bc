// float32 to bfloat16 and back.
#include <algorithm>

#include "core/bfloat16.h"
#include "kernels/cpu/cpu_backend.h"

namespace upcycle {
namespace {

void ConvertPiece(BFloat16* out, const float* x, int64_t count) {
  std::transform(x, x + count, out, RoundToBFloat16);
}

void ConvertPiece(float* out, const BFloat16* x, int64_t count) {
  std::transform(x, x + count, out, FloatOf);
}

}  // namespace

void CpuBackend::DoConvert(Tensor out, ConstTensor x) {
  if (out.type() == x.type()) return DoCopy(out, x);
  constexpr int64_t kPiece = 1 << 15;
  pool_.ParallelRanges(x.size(), kPiece, [&](int64_t begin, int64_t end) {
    if (out.type() == DataType::kBFloat16) {
      ConvertPiece(out.data<BFloat16>() + begin, x.floats() + begin, end - begin);
    } else {
      ConvertPiece(out.floats() + begin, x.data<BFloat16>() + begin, end - begin);
    }
  });
}

}  // namespace upcycle
