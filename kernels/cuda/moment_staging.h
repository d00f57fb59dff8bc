// Moments that lie on the host, passed through device memory piece by piece.
//
// Even pieces go through one stream and odd ones through another, each with staging memory of its
// own. A stream copies in, calls, copies out and only then takes its next piece, so nothing
// is overwritten while it is read; the other stream's copies and kernels run meanwhile, a piece
// coming in while one goes out.
#pragma once

#include <cstdint>

#include <cuda_runtime.h>

#include "kernels/backend.h"
#include "kernels/cuda/scratch.h"
#include "kernels/cuda/stream.h"
#include "kernels/moment_storage.h"

namespace upcycle {

// Which moments a body reads and writes.
struct MomentUse {
  bool m = true;
  bool v = true;
  bool reads = true;
  bool writes = true;
};

class MomentStaging {
 public:
  MomentStaging(cudaStream_t stream, int64_t piece_bytes);
  ~MomentStaging();
  MomentStaging(const MomentStaging&) = delete;
  MomentStaging& operator=(const MomentStaging&) = delete;

  // body(part, begin, stream) for parts of the moments that cover them, in device memory: flat,
  // from element `begin` on, which starts a block. Moments on the device are one part and stay
  // where they are. What the body starts belongs on `stream`; the backend's stream waits for all of
  // it.
  template <typename Body>
  void ForParts(const Moments& moments, const MomentUse& use, const Body& body) {
    const int64_t size = moments.m.size();
    if (!moments.on_host || size == 0) return body(PartOf(moments, 0, size), int64_t{0}, stream_);
    const int64_t piece = PieceOf(moments.m.type());
    Fork();
    for (int64_t begin = 0, lane = 0; begin < size; begin += piece, lane ^= 1) {
      const Moments on_host = PartOf(moments, begin, begin + piece < size ? piece : size - begin);
      const Moments staged = Staged(on_host, lane);
      const cudaStream_t stream = lanes_[lane].handle();
      if (use.reads) Copy(staged, on_host, use, cudaMemcpyHostToDevice, stream);
      body(staged, begin, stream);
      if (use.writes) Copy(on_host, staged, use, cudaMemcpyDeviceToHost, stream);
    }
    Join();
  }

 private:
  // Elements of a piece, whole blocks.
  int64_t PieceOf(DataType type) const;
  // Tensors like those of `part` in the lane's staging memory.
  Moments Staged(const Moments& part, int64_t lane);
  static void Copy(const Moments& to, const Moments& from, const MomentUse& use,
                   cudaMemcpyKind kind, cudaStream_t stream);
  void Fork();
  void Join();

  cudaStream_t stream_;
  CudaStream lanes_[2];
  CudaEvent forked_, ended_[2];
  int64_t piece_bytes_;
  DeviceScratch memory_;
};

}  // namespace upcycle
