// Sinkhorn's scaling of a micro-batch's logits: experts take equal shares of the tokens, as nearly
// as `rounds` rounds bring it about. Rows by a warp each, columns by a block each.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/routing.h"

namespace upcycle {
namespace {

constexpr int kWarps = 4;  // of a block of rows
constexpr int kColumnThreads = 256;

__global__ void SoftmaxKernel(float* ranks, const float* logits, int64_t tokens, int experts) {
  const int64_t token = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (token >= tokens) return;
  const float* row = logits + token * experts;
  float largest = -kInfinity;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) largest = fmaxf(largest, row[e]);
  largest = OverWarp(largest, Larger());
  float sum = 0;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) sum += expf(row[e] - largest);
  sum = OverWarp(sum, Plus());
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) {
    ranks[token * experts + e] = expf(row[e] - largest) / sum;
  }
}

__global__ void ColumnKernel(float* columns, const float* ranks, int64_t tokens, int64_t experts) {
  const int64_t expert = blockIdx.x;
  double sum = 0;
  for (int64_t t = threadIdx.x; t < tokens; t += blockDim.x) sum += ranks[t * experts + expert];
  sum = SumOverBlock(sum);
  const double even = static_cast<double>(tokens) / static_cast<double>(experts);
  if (threadIdx.x == 0)
    columns[expert] = static_cast<float>(even / (sum > kLeastColumnSum ? sum : kLeastColumnSum));
}

// A row times the columns' factors, then over its sum.
__global__ void RowKernel(float* ranks, const float* columns, int64_t tokens, int experts) {
  const int64_t token = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (token >= tokens) return;
  float* row = ranks + token * experts;
  float sum = 0;
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) sum += row[e] * columns[e];
  sum = OverWarp(sum, Plus());
  for (int e = LaneOf(threadIdx.x); e < experts; e += kWarp) row[e] = row[e] * columns[e] / sum;
}

}  // namespace

void CudaBackend::DoSinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits,
                                  int64_t rounds) {
  const int64_t tokens = logits.dim(0), experts = logits.dim(1);
  const dim3 rows = Grid(CeilDiv(tokens, kWarps));
  Launch(SoftmaxKernel, rows, kWarps * kWarp, 0, stream_, ranks.floats(), logits.floats(), tokens,
         experts);
  for (int64_t round = 0; round < rounds; ++round) {
    Launch(ColumnKernel, Grid(experts), kColumnThreads, 0, stream_, columns.floats(),
           ranks.floats(), tokens, experts);
    Launch(RowKernel, rows, kWarps * kWarp, 0, stream_, ranks.floats(), columns.floats(), tokens,
           experts);
  }
}

}  // namespace upcycle
