// Blocks of 8-bit moments in a warp's registers. For .cu files.
#pragma once

#include <cstdint>

#include "kernels/cuda/device.h"
#include "kernels/moment_storage.h"

namespace upcycle {

inline constexpr int kEightBitWarps = 8;  // of a block of threads
inline constexpr int kElementsOfLane = static_cast<int>(kMomentBlock) / kWarp;

static __device__ constexpr DynamicMap kDeviceSignedMap = kSignedMap;
static __device__ constexpr DynamicMap kDeviceUnsignedMap = kUnsignedMap;

// One moment's codes and scales.
struct EightBitMoment {
  uint8_t* codes;
  float* scales;
};

inline EightBitMoment EightBitMomentOf(const MomentArrays& arrays) {
  return {arrays.elements.data<uint8_t>(), arrays.scales.floats()};
}

// Element j of a lane; lanes lie side by side.
__device__ __forceinline__ int64_t ElementOfLane(int64_t block, int lane, int j) {
  return block * kMomentBlock + lane + j * kWarp;
}

// shared = map, by all threads of a block. Ends with a barrier.
__device__ __forceinline__ void CopyMap(DynamicMap* shared, const DynamicMap& map) {
  for (int i = static_cast<int>(threadIdx.x); i < kCodes; i += static_cast<int>(blockDim.x)) {
    shared->values[i] = map.values[i];
    shared->boundaries[i] = map.boundaries[i];
  }
  __syncthreads();
}

// x = a lane's elements of a block, 0 beyond `count`.
__device__ __forceinline__ void LoadBlock(float (&x)[kElementsOfLane], const EightBitMoment& moment,
                                          const DynamicMap& map, int64_t block, int lane,
                                          int64_t count) {
  const float scale = moment.scales[block];
#pragma unroll
  for (int j = 0; j < kElementsOfLane; ++j) {
    const int64_t i = ElementOfLane(block, lane, j);
    x[j] = i < count ? map.values[moment.codes[i]] * scale : 0.0f;
  }
}

struct LargerKey {
  __device__ uint32_t operator()(uint32_t a, uint32_t b) const { return a > b ? a : b; }
};

// A block becomes x, whose elements beyond `count` are 0. By all lanes of a warp.
__device__ __forceinline__ void StoreBlock(const EightBitMoment& moment,
                                           const float (&x)[kElementsOfLane], const DynamicMap& map,
                                           int64_t block, int lane, int64_t count) {
  uint32_t largest = 0;
#pragma unroll
  for (int j = 0; j < kElementsOfLane; ++j) largest = LargerKey()(largest, ScaleKey(x[j]));
  const float scale = ScaleOfKey(OverWarp(largest, LargerKey()));
  if (lane == 0) moment.scales[block] = scale;
#pragma unroll
  for (int j = 0; j < kElementsOfLane; ++j) {
    const int64_t i = ElementOfLane(block, lane, j);
    if (i < count) {
      moment.codes[i] = static_cast<uint8_t>(NearestCode(map.boundaries, OverScale(x[j], scale)));
    }
  }
}

// Blocks of threads for so many blocks of moments: each has several, to copy its maps once.
inline int64_t EightBitGrid(int64_t size) {
  constexpr int64_t kMostBlocks = 2048;
  const int64_t blocks = (MomentBlocks(size) + kEightBitWarps - 1) / kEightBitWarps;
  return blocks < kMostBlocks ? blocks : kMostBlocks;
}

}  // namespace upcycle
