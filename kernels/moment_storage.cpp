#include "kernels/moment_storage.h"

#include "core/check.h"
#include "core/random.h"

namespace upcycle {
namespace {

Tensor Flat(const Tensor& x) { return x.Reshaped({x.size()}); }

}  // namespace

Moments PartOf(const Moments& moments, int64_t begin, int64_t count) {
  UPCYCLE_CHECK_EQ(begin % kMomentBlock, 0);
  Moments part = {.m = Flat(moments.m).Slice(begin, count),
                  .v = Flat(moments.v).Slice(begin, count),
                  .m_scales = {},
                  .v_scales = {},
                  .on_host = moments.on_host};
  if (moments.m.type() == DataType::kUInt8) {
    const int64_t first = begin / kMomentBlock, blocks = MomentBlocks(count);
    part.m_scales = moments.m_scales.Slice(first, blocks);
    part.v_scales = moments.v_scales.Slice(first, blocks);
  }
  return part;
}

CounterKey RoundingKeyOf(const AdamWStep& step) {
  const RandomStream stream(step.seed, "adamw/moments", static_cast<uint64_t>(step.step));
  const uint64_t bits = stream.Bits(0);
  return {static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)};
}

}  // namespace upcycle
