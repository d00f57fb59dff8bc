// Sums over the rows of a matrix, column by column, in a fixed order: pieces of rows first, then
// the pieces. For the gradients of what every row shares.
#pragma once

#include <cstdint>

#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/scratch.h"

namespace upcycle {

inline constexpr int kColumnTile = 32;
inline constexpr int kRowLanes = 8;
inline constexpr int64_t kRowsOfPiece = 128;

// partials [kSums, pieces, width] = Σ over a piece's rows of the term's sums. A block takes 32
// columns; its 8 lanes of rows are added in their order.
template <typename Term>
__global__ void PieceSumsKernel(float* partials, Term term, int64_t rows, int64_t width) {
  __shared__ float lanes[Term::kSums][kRowLanes][kColumnTile];
  const int lane = static_cast<int>(threadIdx.x) / kColumnTile;
  const int tile_column = static_cast<int>(threadIdx.x) % kColumnTile;
  const int64_t column = int64_t{blockIdx.x} * kColumnTile + tile_column, piece = blockIdx.y;
  const int64_t end = piece * kRowsOfPiece + kRowsOfPiece;
  float sums[Term::kSums] = {};
  if (column < width) {
    for (int64_t r = piece * kRowsOfPiece + lane; r < end && r < rows; r += kRowLanes) {
      term.Add(sums, r, column);
    }
  }
  for (int s = 0; s < Term::kSums; ++s) lanes[s][lane][tile_column] = sums[s];
  __syncthreads();
  if (lane >= Term::kSums || column >= width) return;
  float sum = 0;
  for (int l = 0; l < kRowLanes; ++l) sum += lanes[lane][l][tile_column];
  partials[(lane * int64_t{gridDim.y} + piece) * width + column] = sum;
}

template <typename Term>
struct ColumnOutputs {
  float* sums[Term::kSums];
};

template <typename Term>
__global__ void AddPiecesKernel(ColumnOutputs<Term> outputs, const float* partials, int64_t pieces,
                                int64_t width) {
  const int64_t column = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t s = blockIdx.y;
  if (column >= width) return;
  float sum = 0;
  for (int64_t p = 0; p < pieces; ++p) sum += partials[(s * pieces + p) * width + column];
  outputs.sums[s][column] += sum;
}

// outputs.sums[s] [width] += Σ_rows of what term.Add(sums, row, column) adds to sums[s].
template <typename Term>
void AddColumnSums(ColumnOutputs<Term> outputs, const Term& term, int64_t rows, int64_t width,
                   DeviceScratch& scratch, cudaStream_t stream) {
  constexpr int kThreads = 256;
  static_assert(kThreads == kRowLanes * kColumnTile && Term::kSums <= kRowLanes);
  if (rows == 0) return;
  const int64_t pieces = CeilDiv(rows, kRowsOfPiece);
  float* partials = scratch.ReserveArray<float>(Term::kSums * pieces * width);
  Launch(PieceSumsKernel<Term>, Grid(CeilDiv(width, kColumnTile), pieces), kThreads, 0, stream,
         partials, term, rows, width);
  Launch(AddPiecesKernel<Term>, Grid(CeilDiv(width, kThreads), Term::kSums), kThreads, 0, stream,
         outputs, partials, pieces, width);
}

}  // namespace upcycle
