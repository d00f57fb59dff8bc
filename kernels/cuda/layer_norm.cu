#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

// An element of what a LayerNorm may lack, or what it then counts as.
template <typename T>
__device__ __forceinline__ float ElementOr(const T* values, int64_t i, float otherwise) {
  return values == nullptr ? otherwise : ToFloat(values[i]);
}

// Null for a tensor that is left out, whose type says nothing.
template <typename T>
const T* ElementsOrNull(const ConstTensor& x) {
  return x.empty() ? nullptr : Elements<T>(x);
}

// The variance comes from a second pass: squares of small differences.
template <typename T>
__global__ void ForwardKernel(T* out, float* means, float* rstds, const T* x, const T* weight,
                              const T* bias, int64_t width, double epsilon) {
  const int64_t row = blockIdx.x;
  const T* values = x + row * width;
  float sum = 0;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) sum += ToFloat(values[i]);
  const float mean = SumOverBlock(sum) / static_cast<float>(width);
  float squares = 0;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const float difference = ToFloat(values[i]) - mean;
    squares += difference * difference;
  }
  squares = SumOverBlock(squares);
  const auto rstd = static_cast<float>(
      1.0 / sqrt(static_cast<double>(squares) / static_cast<double>(width) + epsilon));
  if (threadIdx.x == 0) {
    means[row] = mean;
    rstds[row] = rstd;
  }
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const float normal = (ToFloat(values[i]) - mean) * rstd;
    out[row * width + i] = FromFloat<T>(normal * ElementOr(weight, i, 1) + ElementOr(bias, i, 0));
  }
}

// With g = d_out · weight and y the normalised x: d_x += rstd · (g - mean(g) - y · mean(g · y)).
template <typename T>
__global__ void BackwardKernel(T* d_x, const T* d_out, const T* x, const T* weight,
                               const float* means, const float* rstds, int64_t width) {
  const int64_t row = blockIdx.x;
  const float mean = means[row], rstd = rstds[row];
  float g_sum = 0, gy_sum = 0;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const float g = ToFloat(d_out[row * width + i]) * ElementOr(weight, i, 1);
    g_sum += g;
    gy_sum += g * (ToFloat(x[row * width + i]) - mean);
  }
  const float g_mean = SumOverBlock(g_sum) / static_cast<float>(width);
  const float pull = rstd * rstd * (SumOverBlock(gy_sum) / static_cast<float>(width));
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const float g = ToFloat(d_out[row * width + i]) * ElementOr(weight, i, 1);
    const float added = rstd * (g - g_mean - (ToFloat(x[row * width + i]) - mean) * pull);
    T& at = d_x[row * width + i];
    at = FromFloat<T>(ToFloat(at) + added);
  }
}

// d_weight += Σ_rows d_out · y, d_bias += Σ_rows d_out
template <typename T>
struct WeightAndBiasTerm {
  static constexpr int kSums = 2;
  const T* d_out;
  const T* x;
  const float* means;
  const float* rstds;
  int64_t width;

  __device__ void Add(float* sums, int64_t row, int64_t column) const {
    const int64_t i = row * width + column;
    const float g = ToFloat(d_out[i]);
    sums[0] += g * ((ToFloat(x[i]) - means[row]) * rstds[row]);
    sums[1] += g;
  }
};

}  // namespace

void CudaBackend::DoLayerNormForward(Tensor out, Tensor mean, Tensor rstd, ConstTensor x,
                                     ConstTensor weight, ConstTensor bias, double epsilon) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  WithElement(x.type(), [&](auto element) {
    using T = decltype(element);
    Launch(ForwardKernel<T>, Grid(rows), RowThreads(width, 1), 0, stream_, Elements<T>(out),
           mean.floats(), rstd.floats(), Elements<T>(x), ElementsOrNull<T>(weight),
           ElementsOrNull<T>(bias), width, epsilon);
  });
}

void CudaBackend::DoLayerNormBackward(Tensor d_x, Tensor d_weight, Tensor d_bias, ConstTensor d_out,
                                      ConstTensor x, ConstTensor weight, ConstTensor mean,
                                      ConstTensor rstd) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  WithElement(x.type(), [&](auto element) {
    using T = decltype(element);
    Launch(BackwardKernel<T>, Grid(rows), RowThreads(width, 1), 0, stream_, Elements<T>(d_x),
           Elements<T>(d_out), Elements<T>(x), ElementsOrNull<T>(weight), mean.floats(),
           rstd.floats(), width);
    if (weight.empty()) return;
    const WeightAndBiasTerm<T> term = {Elements<T>(d_out), Elements<T>(x), mean.floats(),
                                       rstd.floats(), width};
    AddColumnSums({{d_weight.floats(), d_bias.floats()}}, term, rows, width, scratch_, stream_);
  });
}

}  // namespace upcycle
