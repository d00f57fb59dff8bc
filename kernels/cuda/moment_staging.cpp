#include "kernels/cuda/moment_staging.h"

#include <cstddef>

#include "core/check.h"
#include "kernels/cuda/errors.h"

namespace upcycle {
namespace {

constexpr int64_t kAlignment = 256;

int64_t RoundUp(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

void CopyTensor(const Tensor& to, const Tensor& from, cudaMemcpyKind kind, cudaStream_t stream) {
  if (from.empty()) return;
  CheckCuda(
      cudaMemcpyAsync(to.memory(), from.memory(), static_cast<size_t>(from.bytes()), kind, stream),
      "move moments");
}

}  // namespace

MomentStaging::MomentStaging(cudaStream_t stream, int64_t piece_bytes)
    : stream_(stream), piece_bytes_(piece_bytes), memory_(stream) {}

MomentStaging::~MomentStaging() {
  for (const CudaStream& lane : lanes_) cudaStreamSynchronize(lane.handle());
}

int64_t MomentStaging::PieceOf(DataType type) const {
  // Two elements and what both their scales may take; then alignment of the four tensors.
  const int64_t block_bytes = 2 * (kMomentBlock * SizeOf(type) + SizeOf(DataType::kFloat32));
  const int64_t blocks = (piece_bytes_ - 4 * kAlignment) / block_bytes;
  UPCYCLE_CHECK(blocks >= 1);
  return blocks * kMomentBlock;
}

Moments MomentStaging::Staged(const Moments& part, int64_t lane) {
  const int64_t lane_bytes = RoundUp(piece_bytes_);
  auto* at = static_cast<std::byte*>(memory_.Reserve(2 * lane_bytes)) + lane * lane_bytes;
  const auto like = [&at](const Tensor& x) {
    if (x.empty()) return Tensor();
    const Tensor staged(at, x.type(), x.shape());
    at += RoundUp(x.bytes());
    return staged;
  };
  const Tensor m = like(part.m), v = like(part.v);
  const Tensor m_scales = like(part.m_scales), v_scales = like(part.v_scales);
  return {.m = m, .v = v, .m_scales = m_scales, .v_scales = v_scales};
}

void MomentStaging::Copy(const Moments& to, const Moments& from, const MomentUse& use,
                         cudaMemcpyKind kind, cudaStream_t stream) {
  if (use.m) {
    CopyTensor(to.m, from.m, kind, stream);
    CopyTensor(to.m_scales, from.m_scales, kind, stream);
  }
  if (use.v) {
    CopyTensor(to.v, from.v, kind, stream);
    CopyTensor(to.v_scales, from.v_scales, kind, stream);
  }
}

// The lanes go on where the backend's stream is, and the other way around.
void MomentStaging::Fork() {
  forked_.Record(stream_);
  for (const CudaStream& lane : lanes_) forked_.HoldBack(lane.handle());
}

void MomentStaging::Join() {
  for (int i = 0; i < 2; ++i) {
    ended_[i].Record(lanes_[i].handle());
    ended_[i].HoldBack(stream_);
  }
}

}  // namespace upcycle
