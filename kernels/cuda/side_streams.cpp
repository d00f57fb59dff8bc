#include "kernels/cuda/side_streams.h"

namespace upcycle {

void SideStreams::ForkFrom(cudaStream_t stream) {
  fork_.Record(stream);
  for (const Side& side : sides_) fork_.HoldBack(side.stream.handle());
}

void SideStreams::JoinInto(cudaStream_t stream) {
  for (Side& side : sides_) {
    side.done.Record(side.stream.handle());
    side.done.HoldBack(stream);
  }
}

}  // namespace upcycle
