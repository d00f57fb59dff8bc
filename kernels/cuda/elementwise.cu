// Sums, multiples and conversions, element by element.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

constexpr int kThreads = 256;

template <typename T, int N>
__global__ void AddKernel(T* out, const T* x, int64_t count) {
  const int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * N;
  if (i >= count) return;
  auto* at = reinterpret_cast<Pack<T, N>*>(out + i);
  const auto added = *reinterpret_cast<const Pack<T, N>*>(x + i);
  Pack<T, N> sum = *at;
  for (int j = 0; j < N; ++j) {
    sum.values[j] = FromFloat<T>(ToFloat(sum.values[j]) + ToFloat(added.values[j]));
  }
  *at = sum;
}

template <typename T, int N>
__global__ void ScaleKernel(T* x, float factor, int64_t count) {
  const int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * N;
  if (i >= count) return;
  auto* at = reinterpret_cast<Pack<T, N>*>(x + i);
  Pack<T, N> scaled = *at;
  for (int j = 0; j < N; ++j) scaled.values[j] = FromFloat<T>(ToFloat(scaled.values[j]) * factor);
  *at = scaled;
}

template <typename To, typename From>
__global__ void ConvertKernel(To* out, const From* x, int64_t count) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) out[i] = FromFloat<To>(ToFloat(x[i]));
}

}  // namespace

void CudaBackend::DoAdd(Tensor out, ConstTensor x) {
  const int64_t count = out.size();
  WithPacks(out.type(), count, {out, x}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    Launch(AddKernel<T, kPack>, Grid(CeilDiv(count, int64_t{kThreads} * kPack)), kThreads, 0,
           stream_, Elements<T>(out), Elements<T>(x), count);
  });
}

void CudaBackend::DoScale(Tensor x, double factor) {
  const int64_t count = x.size();
  WithPacks(x.type(), count, {x}, [&](auto element, auto pack) {
    using T = decltype(element);
    constexpr int kPack = decltype(pack)::value;
    Launch(ScaleKernel<T, kPack>, Grid(CeilDiv(count, int64_t{kThreads} * kPack)), kThreads, 0,
           stream_, Elements<T>(x), factor, count);
  });
}

void CudaBackend::DoConvert(Tensor out, ConstTensor x) {
  WithElement(out.type(), [&](auto to) {
    WithElement(x.type(), [&](auto from) {
      using To = decltype(to);
      using From = decltype(from);
      Launch(ConvertKernel<To, From>, Grid(CeilDiv(x.size(), kThreads)), kThreads, 0, stream_,
             Elements<To>(out), Elements<From>(x), x.size());
    });
  });
}

}  // namespace upcycle
