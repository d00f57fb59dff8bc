// Reductions of everything to one number: fixed pieces in double, then the pieces in their order.
#pragma once

#include <cstdint>

#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/scratch.h"

namespace upcycle {

inline constexpr int64_t kMostPieces = 1024;
inline constexpr int kReduceThreads = 256;

// partials [pieces] = Σ term(i) over each piece of [0, count).
template <typename Term>
__global__ void ReducePiecesKernel(double* partials, Term term, int64_t count, int64_t piece) {
  const int64_t begin = blockIdx.x * piece;
  const int64_t end = begin + piece < count ? begin + piece : count;
  double sum = 0;
  for (int64_t i = begin + threadIdx.x; i < end; i += blockDim.x) sum += term(i);
  sum = SumOverBlock(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

// out = finish(Σ partials), by one block.
template <typename Finish>
__global__ void ReduceKernel(float* out, const double* partials, int64_t pieces, Finish finish) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < pieces; i += blockDim.x) sum += partials[i];
  sum = SumOverBlock(sum);
  if (threadIdx.x == 0) *out = static_cast<float>(finish(sum));
}

// *out = finish(Σ term(i) over [0, count)).
template <typename Term, typename Finish>
void Reduce(float* out, const Term& term, const Finish& finish, int64_t count,
            DeviceScratch& scratch, cudaStream_t stream) {
  constexpr int64_t kSmallestPiece = 4096;
  const int64_t even = CeilDiv(count, kMostPieces);
  const int64_t piece = even > kSmallestPiece ? even : kSmallestPiece;
  const int64_t pieces = CeilDiv(count, piece);
  auto* partials = scratch.ReserveArray<double>(kMostPieces);
  Launch(ReducePiecesKernel<Term>, Grid(pieces), kReduceThreads, 0, stream, partials, term, count,
         piece);
  Launch(ReduceKernel<Finish>, Grid(1), kReduceThreads, 0, stream, out, partials, pieces, finish);
}

struct Scaled {
  double factor;
  __device__ double operator()(double sum) const { return factor * sum; }
};

}  // namespace upcycle
