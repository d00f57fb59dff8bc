// One product for each expert over the rows it serves; a task is one tile of one expert.
#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/gemm.h"

namespace upcycle {
namespace {

// The rows [begin, begin + count) of one expert.
struct Served {
  int64_t expert;
  int64_t begin;
  int64_t count;
};

// The thread pool's tasks are the tiles of all experts that serve rows: body(served, tiling, tile,
// worker), where tiling_of(count) cuts an expert's output.
template <typename TilingOfCount, typename Body>
void ForExpertTiles(ThreadPool& pool, const Dispatch& dispatch, const TilingOfCount& tiling_of,
                    const Body& body) {
  const int32_t* counts = dispatch.counts.ints();
  const int32_t* offsets = dispatch.offsets.ints();
  const int64_t experts = dispatch.counts.dim(0), rows = dispatch.assignment_of.dim(0);
  const auto tiles_of = [&](int64_t e) { return counts[e] > 0 ? tiling_of(counts[e]).tiles() : 0; };
  int64_t tiles = 0;
  for (int64_t e = 0; e < experts; ++e) {
    UPCYCLE_CHECK(counts[e] >= 0 && offsets[e] >= 0 && counts[e] <= rows - offsets[e]);
    tiles += tiles_of(e);
  }
  pool.ParallelFor(tiles, [&](int64_t tile, int worker) {
    int64_t e = 0;
    for (; tile >= tiles_of(e); ++e) tile -= tiles_of(e);
    body(Served{e, offsets[e], counts[e]}, tiling_of(counts[e]), tile, worker);
  });
}

// Zeros what the padded layout leaves unserved.
void ZeroUnserved(Tensor out, const Dispatch& dispatch) {
  const int64_t experts = dispatch.counts.dim(0), columns = out.dim(1);
  const int64_t capacity = out.dim(0) / experts;
  for (int64_t e = 0; e < experts; ++e) {
    const int64_t count = dispatch.counts.ints()[e];
    UPCYCLE_CHECK(count <= capacity);
    float* begin = out.floats() + e * capacity * columns;
    std::fill(begin + count * columns, begin + capacity * columns, 0.0f);
  }
}

// out rows = rows · op(weights[e]), for [R, columns] and [R, inner].
void ExpertProduct(ThreadPool& pool, const Scratch& scratch, Tensor out, ConstTensor rows,
                   ConstTensor weights, Transpose transpose, const Dispatch& dispatch) {
  const int64_t columns = out.dim(1), inner = rows.dim(1);
  if (columns == 0) return;
  ForExpertTiles(
      pool, dispatch, [&](int64_t count) { return TilingOf(count, columns, weights.dim(0)); },
      [&](const Served& served, const Tiling& tiling, int64_t tile, int worker) {
        const float* weight = weights.floats() + served.expert * columns * inner;
        const Product product = {
            {out.floats() + served.begin * columns, columns},
            {rows.floats() + served.begin * inner, inner, Transpose::kNo},
            {weight, weights.dim(2), transpose},
            {.rows = served.count, .columns = columns, .inner = inner, .accumulate = false}};
        MultiplyTile(product, tiling, tile, scratch.Of(worker));
      });
  if (dispatch.path == ExpertPath::kPadded) ZeroUnserved(out, dispatch);
}

}  // namespace

void CpuBackend::DoExpertMatMul(Tensor out, ConstTensor rows, ConstTensor weights,
                                const Dispatch& dispatch) {
  ExpertProduct(pool_, scratch_, out, rows, weights, Transpose::kYes, dispatch);
}

void CpuBackend::DoExpertMatMulBackwardRows(Tensor d_rows, ConstTensor d_out, ConstTensor weights,
                                            const Dispatch& dispatch) {
  ExpertProduct(pool_, scratch_, d_rows, d_out, weights, Transpose::kNo, dispatch);
}

void CpuBackend::DoExpertMatMulBackwardWeights(Tensor d_weights, ConstTensor d_out,
                                               ConstTensor rows, const Dispatch& dispatch) {
  const int64_t outputs = d_weights.dim(1), inputs = d_weights.dim(2);
  if (outputs == 0 || inputs == 0) return;
  ForExpertTiles(
      pool_, dispatch, [&](int64_t) { return TilingOf(outputs, inputs, d_weights.dim(0)); },
      [&](const Served& served, const Tiling& tiling, int64_t tile, int worker) {
        float* d_weight = d_weights.floats() + served.expert * outputs * inputs;
        const float* d_rows = d_out.floats() + served.begin * outputs;
        const Product product = {
            {d_weight, inputs},
            {d_rows, outputs, Transpose::kYes},
            {rows.floats() + served.begin * inputs, inputs, Transpose::kNo},
            {.rows = outputs, .columns = inputs, .inner = served.count, .accumulate = true}};
        MultiplyTile(product, tiling, tile, scratch_.Of(worker));
      });
}

}  // namespace upcycle
