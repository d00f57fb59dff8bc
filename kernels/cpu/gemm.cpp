#include "kernels/cpu/gemm.h"

#include <algorithm>
#include <limits>

#include <cblas.h>

#include "kernels/cpu/cpu_backend.h"

namespace upcycle {
namespace {

CBLAS_TRANSPOSE BlasTranspose(Transpose transpose) {
  return transpose == Transpose::kYes ? CblasTrans : CblasNoTrans;
}

blasint BlasSize(int64_t size) {
  UPCYCLE_CHECK(size <= std::numeric_limits<blasint>::max());
  return static_cast<blasint>(size);
}

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

void Gemm(float* out, int64_t stride, const Product& product, Operand a, Operand b) {
  const auto& [rows, columns, inner, alpha, accumulate] = product;
  cblas_sgemm(CblasRowMajor, BlasTranspose(a.transpose), BlasTranspose(b.transpose), BlasSize(rows),
              BlasSize(columns), BlasSize(inner), alpha, a.values, BlasSize(a.stride), b.values,
              BlasSize(b.stride), accumulate == Accumulate::kYes ? 1.0f : 0.0f, out,
              BlasSize(stride));
}

Tiling TilingOf(int64_t rows, int64_t columns) {
  const int64_t tile_rows = rows >= 2048 ? 512 : rows >= 512 ? 256 : 128;
  const int64_t tile_columns = rows >= 512 ? columns : 512;
  return {tile_rows, tile_columns, CeilDiv(rows, tile_rows), CeilDiv(columns, tile_columns)};
}

void GemmTile(float* out, int64_t stride, const Product& product, Operand a, Operand b,
              const Tiling& tiling, int64_t tile) {
  const int64_t row = tile / tiling.column_tiles * tiling.tile_rows;
  const int64_t column = tile % tiling.column_tiles * tiling.tile_columns;
  Product part = product;
  part.rows = std::min(tiling.tile_rows, product.rows - row);
  part.columns = std::min(tiling.tile_columns, product.columns - column);
  Gemm(out + row * stride + column, stride, part, a.From(row, 0), b.From(0, column));
}

void CpuBackend::DoMatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                          Transpose transpose_b, Accumulate accumulate) {
  const int64_t inner = a.dim(transpose_a == Transpose::kYes ? 0 : 1);
  if (out.size() == 0) return;
  if (inner == 0) {
    if (accumulate == Accumulate::kNo) DoZero(out);
    return;
  }
  const Product product = {
      .rows = out.dim(0), .columns = out.dim(1), .inner = inner, .accumulate = accumulate};
  const Tiling tiling = TilingOf(product.rows, product.columns);
  pool_.ParallelFor(tiling.tiles(), [&](int64_t tile, int) {
    GemmTile(out.floats(), product.columns, product, {a.floats(), a.dim(1), transpose_a},
             {b.floats(), b.dim(1), transpose_b}, tiling, tile);
  });
}

}  // namespace upcycle
