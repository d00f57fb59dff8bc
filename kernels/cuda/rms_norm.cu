#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

template <typename T, int N>
__global__ void ForwardKernel(T* out, float* rstd, const T* x, const T* weight, int64_t width,
                              double epsilon) {
  const int64_t row = blockIdx.x, step = int64_t{blockDim.x} * N;
  const T* values = x + row * width;
  float squares = 0;
  for (int64_t i = int64_t{threadIdx.x} * N; i < width; i += step) {
    const auto v = *reinterpret_cast<const Pack<T, N>*>(values + i);
    for (int j = 0; j < N; ++j) squares += ToFloat(v.values[j]) * ToFloat(v.values[j]);
  }
  squares = SumOverBlock(squares);
  const auto scale = static_cast<float>(
      1.0 / sqrt(static_cast<double>(squares) / static_cast<double>(width) + epsilon));
  if (threadIdx.x == 0) rstd[row] = scale;
  for (int64_t i = int64_t{threadIdx.x} * N; i < width; i += step) {
    const auto v = *reinterpret_cast<const Pack<T, N>*>(values + i);
    const auto w = *reinterpret_cast<const Pack<T, N>*>(weight + i);
    Pack<T, N> result;
    for (int j = 0; j < N; ++j) {
      result.values[j] = FromFloat<T>(ToFloat(v.values[j]) * scale * ToFloat(w.values[j]));
    }
    *reinterpret_cast<Pack<T, N>*>(out + row * width + i) = result;
  }
}

// With g = d_out · weight: d_x += rstd · (g - x · rstd² · mean(g · x)).
template <typename T, int N>
__global__ void BackwardKernel(T* d_x, const T* d_out, const T* x, const T* weight,
                               const float* rstd, int64_t width) {
  const int64_t row = blockIdx.x, step = int64_t{blockDim.x} * N;
  float dot = 0;
  for (int64_t i = int64_t{threadIdx.x} * N; i < width; i += step) {
    const auto d = *reinterpret_cast<const Pack<T, N>*>(d_out + row * width + i);
    const auto w = *reinterpret_cast<const Pack<T, N>*>(weight + i);
    const auto v = *reinterpret_cast<const Pack<T, N>*>(x + row * width + i);
    for (int j = 0; j < N; ++j) {
      dot += ToFloat(d.values[j]) * ToFloat(w.values[j]) * ToFloat(v.values[j]);
    }
  }
  const float scale = rstd[row];
  const float pull = scale * scale * (SumOverBlock(dot) / static_cast<float>(width));
  for (int64_t i = int64_t{threadIdx.x} * N; i < width; i += step) {
    const auto d = *reinterpret_cast<const Pack<T, N>*>(d_out + row * width + i);
    const auto w = *reinterpret_cast<const Pack<T, N>*>(weight + i);
    const auto v = *reinterpret_cast<const Pack<T, N>*>(x + row * width + i);
    auto* at = reinterpret_cast<Pack<T, N>*>(d_x + row * width + i);
    Pack<T, N> result = *at;
    for (int j = 0; j < N; ++j) {
      const float g = ToFloat(d.values[j]) * ToFloat(w.values[j]);
      const float added = scale * (g - ToFloat(v.values[j]) * pull);
      result.values[j] = FromFloat<T>(ToFloat(result.values[j]) + added);
    }
    *at = result;
  }
}

// d_weight += Σ_rows d_out · x · rstd
template <typename T>
struct WeightTerm {
  static constexpr int kSums = 1;
  const T* d_out;
  const T* x;
  const float* rstd;
  int64_t width;

  __device__ void Add(float* sums, int64_t row, int64_t column) const {
    const int64_t i = row * width + column;
    sums[0] += ToFloat(d_out[i]) * (ToFloat(x[i]) * rstd[row]);
  }
};

}  // namespace

void CudaBackend::DoRmsNormForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                                   double epsilon) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  WithPacks(x.type(), width, {out, x, weight}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    Launch(ForwardKernel<T, kPack>, Grid(rows), RowThreads(width, kPack), 0, stream_,
           Elements<T>(out), rstd.floats(), Elements<T>(x), Elements<T>(weight), width, epsilon);
  });
}

void CudaBackend::DoRmsNormBackward(Tensor d_x, Tensor d_weight, ConstTensor d_out, ConstTensor x,
                                    ConstTensor weight, ConstTensor rstd) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  WithPacks(x.type(), width, {d_x, d_out, x, weight}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    Launch(BackwardKernel<T, kPack>, Grid(rows), RowThreads(width, kPack), 0, stream_,
           Elements<T>(d_x), Elements<T>(d_out), Elements<T>(x), Elements<T>(weight), rstd.floats(),
           width);
    const WeightTerm<T> term = {Elements<T>(d_out), Elements<T>(x), rstd.floats(), width};
    AddColumnSums({{d_weight.floats()}}, term, rows, width, scratch_, stream_);
  });
}

}  // namespace upcycle
