// Moments as plain float32, and back.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/eight_bit.h"
#include "kernels/cuda/launch.h"
#include "kernels/moment_storage.h"

namespace upcycle {
namespace {

constexpr int kThreads = 256;

// Plain float32 as it lies, a NaN's bits included.
__global__ void LoadBFloat16Kernel(uint32_t* x, const uint16_t* elements, int64_t count) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) x[i] = static_cast<uint32_t>(elements[i]) << 16;
}

__global__ void StoreBFloat16Kernel(uint16_t* elements, const float* x, int64_t count) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) elements[i] = RoundToNearest(x[i]);
}

__device__ __forceinline__ const DynamicMap& MapOf(Moment which) {
  return which == Moment::kFirst ? kDeviceSignedMap : kDeviceUnsignedMap;
}

__global__ void LoadEightBitKernel(float* x, EightBitMoment moment, Moment which, int64_t count) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) x[i] = MapOf(which).values[moment.codes[i]] * moment.scales[i / kMomentBlock];
}

__global__ void StoreEightBitKernel(EightBitMoment moment, const float* x, Moment which,
                                    int64_t count) {
  __shared__ DynamicMap map;
  CopyMap(&map, MapOf(which));
  const int thread = static_cast<int>(threadIdx.x), lane = LaneOf(thread);
  const int64_t blocks = MomentBlocks(count);
  for (int64_t block = int64_t{blockIdx.x} * kEightBitWarps + thread / kWarp; block < blocks;
       block += int64_t{gridDim.x} * kEightBitWarps) {
    float values[kElementsOfLane];
#pragma unroll
    for (int j = 0; j < kElementsOfLane; ++j) {
      const int64_t i = ElementOfLane(block, lane, j);
      values[j] = i < count ? x[i] : 0.0f;
    }
    StoreBlock(moment, values, map, block, lane, count);
  }
}

MomentUse UseOf(Moment which, bool writes) {
  return {.m = which == Moment::kFirst,
          .v = which == Moment::kSecond,
          .reads = !writes,
          .writes = writes};
}

void CopyFloats(const void* from, void* to, int64_t count, cudaStream_t stream) {
  const auto bytes = static_cast<size_t>(count) * sizeof(float);
  CheckCuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream), "move moments");
}

}  // namespace

void CudaBackend::DoLoadMoment(Tensor out, const Moments& moments, Moment which) {
  const auto load = [&](const Moments& part, int64_t begin, cudaStream_t stream) {
    const MomentArrays moment = ArraysOf(part, which);
    const int64_t count = moment.elements.size();
    const dim3 grid = Grid(CeilDiv(count, kThreads));
    float* x = out.floats() + begin;
    if (moment.elements.type() == DataType::kFloat32) {
      CopyFloats(moment.elements.memory(), x, count, stream);
    } else if (moment.elements.type() == DataType::kBFloat16) {
      Launch(LoadBFloat16Kernel, grid, kThreads, 0, stream, reinterpret_cast<uint32_t*>(x),
             Elements<uint16_t>(moment.elements), count);
    } else {
      Launch(LoadEightBitKernel, grid, kThreads, 0, stream, x, EightBitMomentOf(moment), which,
             count);
    }
  };
  staging_.ForParts(moments, UseOf(which, /*writes=*/false), load);
}

void CudaBackend::DoStoreMoment(const Moments& moments, Moment which, ConstTensor x) {
  const auto store = [&](const Moments& part, int64_t begin, cudaStream_t stream) {
    const MomentArrays moment = ArraysOf(part, which);
    const int64_t count = moment.elements.size();
    const float* from = x.floats() + begin;
    if (moment.elements.type() == DataType::kFloat32) {
      CopyFloats(from, moment.elements.memory(), count, stream);
    } else if (moment.elements.type() == DataType::kBFloat16) {
      Launch(StoreBFloat16Kernel, Grid(CeilDiv(count, kThreads)), kThreads, 0, stream,
             Elements<uint16_t>(moment.elements), from, count);
    } else {
      Launch(StoreEightBitKernel, Grid(EightBitGrid(count)), kEightBitWarps * kWarp, 0, stream,
             EightBitMomentOf(moment), from, which, count);
    }
  };
  staging_.ForParts(moments, UseOf(which, /*writes=*/true), store);
}

}  // namespace upcycle
