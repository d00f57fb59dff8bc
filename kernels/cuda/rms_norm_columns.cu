#include <numeric>

#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

// Where groups of `size` columns, side by side from `begin` on, lie in rows of `columns`.
struct Groups {
  int64_t columns;
  int64_t begin;
  int64_t count;
  int64_t size;

  // The first element of the i-th group of all rows.
  __device__ int64_t Place(int64_t i) const {
    return i / count * columns + begin + i % count * size;
  }
};

// One block a group.
template <typename T, int N>
__global__ void ForwardKernel(T* out, float* rstd, const T* x, const T* weight, Groups groups,
                              double epsilon) {
  const int64_t place = groups.Place(blockIdx.x), step = int64_t{blockDim.x} * N;
  float squares = 0;
  for (int64_t i = int64_t{threadIdx.x} * N; i < groups.size; i += step) {
    const auto v = *reinterpret_cast<const Pack<T, N>*>(x + place + i);
    for (int j = 0; j < N; ++j) squares += ToFloat(v.values[j]) * ToFloat(v.values[j]);
  }
  squares = SumOverBlock(squares);
  const auto scale = static_cast<float>(
      1.0 / sqrt(static_cast<double>(squares) / static_cast<double>(groups.size) + epsilon));
  if (threadIdx.x == 0) rstd[blockIdx.x] = scale;
  for (int64_t i = int64_t{threadIdx.x} * N; i < groups.size; i += step) {
    const auto v = *reinterpret_cast<const Pack<T, N>*>(x + place + i);
    const auto w = *reinterpret_cast<const Pack<T, N>*>(weight + i);
    Pack<T, N> result;
    for (int j = 0; j < N; ++j) {
      result.values[j] = FromFloat<T>(ToFloat(v.values[j]) * scale * ToFloat(w.values[j]));
    }
    *reinterpret_cast<Pack<T, N>*>(out + place + i) = result;
  }
}

// With g = d_x · weight, d_x becomes rstd · (g - x · rstd² · mean(g · x)).
template <typename T, int N>
__global__ void BackwardKernel(T* d_x, const T* x, const T* weight, const float* rstd,
                               Groups groups) {
  const int64_t place = groups.Place(blockIdx.x), step = int64_t{blockDim.x} * N;
  float dot = 0;
  for (int64_t i = int64_t{threadIdx.x} * N; i < groups.size; i += step) {
    const auto d = *reinterpret_cast<const Pack<T, N>*>(d_x + place + i);
    const auto w = *reinterpret_cast<const Pack<T, N>*>(weight + i);
    const auto v = *reinterpret_cast<const Pack<T, N>*>(x + place + i);
    for (int j = 0; j < N; ++j) {
      dot += ToFloat(d.values[j]) * ToFloat(w.values[j]) * ToFloat(v.values[j]);
    }
  }
  const float scale = rstd[blockIdx.x];
  const float pull = scale * scale * (SumOverBlock(dot) / static_cast<float>(groups.size));
  for (int64_t i = int64_t{threadIdx.x} * N; i < groups.size; i += step) {
    const auto w = *reinterpret_cast<const Pack<T, N>*>(weight + i);
    const auto v = *reinterpret_cast<const Pack<T, N>*>(x + place + i);
    auto* at = reinterpret_cast<Pack<T, N>*>(d_x + place + i);
    Pack<T, N> result = *at;
    for (int j = 0; j < N; ++j) {
      const float g = ToFloat(result.values[j]) * ToFloat(w.values[j]);
      result.values[j] = FromFloat<T>(scale * (g - ToFloat(v.values[j]) * pull));
    }
    *at = result;
  }
}

// d_weight += Σ_rows Σ_groups d_out · x · rstd, each group of each row a row of the sum.
template <typename T>
struct WeightTerm {
  static constexpr int kSums = 1;
  const T* d_out;
  const T* x;
  const float* rstd;
  Groups groups;

  __device__ void Add(float* sums, int64_t group, int64_t column) const {
    const int64_t i = groups.Place(group) + column;
    sums[0] += ToFloat(d_out[i]) * (ToFloat(x[i]) * rstd[group]);
  }
};

// What packs of elements must divide.
int64_t CommonWidth(const Groups& groups) {
  return std::gcd(std::gcd(groups.columns, groups.size), groups.begin);
}

}  // namespace

void CudaBackend::DoRmsNormColumnsForward(Tensor out, Tensor rstd, ConstTensor x,
                                          ConstTensor weight, int64_t begin, double epsilon) {
  const Groups groups = {x.dim(1), begin, rstd.dim(1), weight.dim(0)};
  WithPacks(x.type(), CommonWidth(groups), {out, x, weight}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    Launch(ForwardKernel<T, kPack>, Grid(rstd.size()), RowThreads(groups.size, kPack), 0, stream_,
           Elements<T>(out), rstd.floats(), Elements<T>(x), Elements<T>(weight), groups, epsilon);
  });
}

// The weights' gradient first, since it reads what the rows then overwrite.
void CudaBackend::DoRmsNormColumnsBackward(Tensor d_x, Tensor d_weight, ConstTensor x,
                                           ConstTensor weight, ConstTensor rstd, int64_t begin) {
  const Groups groups = {x.dim(1), begin, rstd.dim(1), weight.dim(0)};
  WithPacks(x.type(), CommonWidth(groups), {d_x, x, weight}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    const WeightTerm<T> term = {Elements<T>(d_x), Elements<T>(x), rstd.floats(), groups};
    AddColumnSums({{d_weight.floats()}}, term, rstd.size(), groups.size, scratch_, stream_);
    Launch(BackwardKernel<T, kPack>, Grid(rstd.size()), RowThreads(groups.size, kPack), 0, stream_,
           Elements<T>(d_x), Elements<T>(x), Elements<T>(weight), rstd.floats(), groups);
  });
}

}  // namespace upcycle
