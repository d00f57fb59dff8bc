// The three products over experts, each in the three ways of ExpertPath.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/expert_matmul.h"

namespace upcycle {
namespace {

// Tensors of a product over experts have rank 2 where they hold rows [R, ·], of which an expert has
// some, and rank 3 where they hold a matrix [E, ·, ·] for each.

// All experts' parts where every expert has equally many rows.
template <typename T>
T AsBatch(const T& x, int64_t experts) {
  if (x.rank() == 3) return x;
  return x.Reshaped({experts, x.dim(0) / experts, x.dim(1)});
}

// One expert's part.
template <typename T>
T OfExpert(const T& x, int64_t expert, int64_t begin, int64_t count) {
  return x.rank() == 3 ? x[expert] : x.Slice(begin, count);
}

}  // namespace

void CudaBackend::MultiplyPadded(const ExpertProduct& product, int64_t experts) {
  matmul_.Multiply(AsBatch(product.out, experts), AsBatch(product.a, experts), product.transpose_a,
                   AsBatch(product.b, experts), product.transpose_b, product.accumulate, stream_,
                   workspace_);
}

void CudaBackend::MultiplyOnStreams(const ExpertProduct& product, const Dispatch& dispatch) {
  host_took_part_ = true;
  const std::vector<int32_t>& counts = host_counts_.Of(dispatch.counts);
  if (side_streams_ == nullptr) side_streams_ = std::make_unique<SideStreams>();
  side_streams_->ForkFrom(stream_);
  int64_t begin = 0;
  int side = 0;
  for (size_t e = 0; e < counts.size(); ++e) {
    const int64_t expert = static_cast<int64_t>(e), count = counts[e];
    if (count == 0) continue;
    matmul_.Multiply(
        OfExpert(product.out, expert, begin, count), OfExpert(product.a, expert, begin, count),
        product.transpose_a, OfExpert(product.b, expert, begin, count), product.transpose_b,
        product.accumulate, side_streams_->stream(side), side_streams_->workspace(side));
    begin += count;
    side = (side + 1) % SideStreams::kCount;
  }
  side_streams_->JoinInto(stream_);
}

void CudaBackend::MultiplyWithCublas(const ExpertProduct& product, const Dispatch& dispatch) {
  if (dispatch.path == ExpertPath::kPadded) {
    MultiplyPadded(product, dispatch.counts.dim(0));
  } else {
    MultiplyOnStreams(product, dispatch);
  }
}

void CudaBackend::DoExpertMatMul(Tensor out, ConstTensor rows, ConstTensor weights,
                                 const Dispatch& dispatch) {
  if (dispatch.path == ExpertPath::kGrouped) {
    return MultiplyRowsGrouped(out, rows, weights, true, dispatch, stream_);
  }
  MultiplyWithCublas({out, rows, Transpose::kNo, weights, Transpose::kYes, Accumulate::kNo},
                     dispatch);
}

void CudaBackend::DoExpertMatMulBackwardRows(Tensor d_rows, ConstTensor d_out, ConstTensor weights,
                                             const Dispatch& dispatch) {
  if (dispatch.path == ExpertPath::kGrouped) {
    return MultiplyRowsGrouped(d_rows, d_out, weights, false, dispatch, stream_);
  }
  MultiplyWithCublas({d_rows, d_out, Transpose::kNo, weights, Transpose::kNo, Accumulate::kNo},
                     dispatch);
}

void CudaBackend::DoExpertMatMulBackwardWeights(Tensor d_weights, ConstTensor d_out,
                                                ConstTensor rows, const Dispatch& dispatch) {
  if (dispatch.path == ExpertPath::kGrouped) {
    return MultiplyWeightsGrouped(d_weights, d_out, rows, dispatch, stream_);
  }
  MultiplyWithCublas({d_weights, d_out, Transpose::kYes, rows, Transpose::kNo, Accumulate::kYes},
                     dispatch);
}

}  // namespace upcycle
