#include "kernels/cpu/gemm.h"

#include <algorithm>
#include <limits>

#include <cblas.h>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/small_product.h"

namespace upcycle {
namespace {

// Multiplications up to which the library is not called: where it is slower than panels on the
// machines at hand, and well beyond where it may call malloc.
constexpr int64_t kSmallProduct = int64_t{1} << 26;

CBLAS_TRANSPOSE BlasTranspose(Transpose transpose) {
  return transpose == Transpose::kYes ? CblasTrans : CblasNoTrans;
}

blasint BlasSize(int64_t size) {
  UPCYCLE_CHECK(size <= std::numeric_limits<blasint>::max());
  return static_cast<blasint>(size);
}

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

void Multiply(const Product& product, float* scratch) {
  const auto& [out, a, b, size] = product;
  if (size.rows * size.columns * size.inner > kSmallProduct) {
    cblas_sgemm(CblasRowMajor, BlasTranspose(a.transpose), BlasTranspose(b.transpose),
                BlasSize(size.rows), BlasSize(size.columns), BlasSize(size.inner), 1.0f, a.values,
                BlasSize(a.stride), b.values, BlasSize(b.stride), size.accumulate ? 1.0f : 0.0f,
                out.values, BlasSize(out.stride));
    return;
  }
  MultiplySmall(product, scratch);
}

}  // namespace

// Strips of 512 whole rows are within 5 % of the library's best; what has few rows is cut smaller,
// so that several threads have something to do.
Tiling TilingOf(int64_t rows, int64_t columns, int64_t products) {
  constexpr int64_t kManyProducts = 8;
  const bool many = products >= kManyProducts;
  const int64_t tile_rows = many || rows >= 2048 ? 512 : rows >= 512 ? 256 : 128;
  const int64_t tile_columns = many || rows >= 512 ? std::max(columns, int64_t{1}) : 512;
  return {tile_rows, tile_columns, CeilDiv(rows, tile_rows), CeilDiv(columns, tile_columns)};
}

void MultiplyTile(const Product& product, const Tiling& tiling, int64_t tile, float* scratch) {
  const int64_t row = tile / tiling.column_tiles * tiling.tile_rows;
  const int64_t column = tile % tiling.column_tiles * tiling.tile_columns;
  Product part = product;
  part.out.values += row * part.out.stride + column;
  part.a = product.a.From(row, 0);
  part.b = product.b.From(0, column);
  part.size.rows = std::min(tiling.tile_rows, product.size.rows - row);
  part.size.columns = std::min(tiling.tile_columns, product.size.columns - column);
  Multiply(part, scratch);
}

void CpuBackend::DoMatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                          Transpose transpose_b, Accumulate accumulate) {
  if (out.size() == 0) return;
  const Product product = {{out.floats(), out.dim(1)},
                           {a.floats(), a.dim(1), transpose_a},
                           {b.floats(), b.dim(1), transpose_b},
                           {.rows = out.dim(0),
                            .columns = out.dim(1),
                            .inner = a.dim(transpose_a == Transpose::kYes ? 0 : 1),
                            .accumulate = accumulate == Accumulate::kYes}};
  if (product.size.inner == 0) {
    if (!product.size.accumulate) DoZero(out);
    return;
  }
  const Tiling tiling = TilingOf(out.dim(0), out.dim(1));
  pool_.ParallelFor(tiling.tiles(), [&](int64_t tile, int worker) {
    MultiplyTile(product, tiling, tile, scratch_.Of(worker));
  });
}

}  // namespace upcycle
