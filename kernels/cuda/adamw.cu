#include "kernels/adamw_factors.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/eight_bit.h"
#include "kernels/cuda/launch.h"
#include "kernels/moment_storage.h"

namespace upcycle {
namespace {

// What a step reads and writes besides moments; `rounded` of elements T may be null.
template <typename T>
struct Step {
  float* weights;
  const float* gradient;
  const float* norm;
  T* rounded;
  int64_t count;
  double clip_norm;
  AdamWFactors factors;
};

// old · decay + x · share. Moments that are held in fewer bits are not fused: they are equal to the
// CPU's to the bit, and so are the codes that they round to.
template <bool kFused>
__device__ __forceinline__ float Blend(float old, float decay, float x, float share) {
  if constexpr (kFused) return old * decay + x * share;
  return __fadd_rn(__fmul_rn(old, decay), __fmul_rn(x, share));
}

// Weight i and its moments move.
template <bool kFused, typename T>
__device__ __forceinline__ void Update(const Step<T>& step, float clip, int64_t i, float& m,
                                       float& v) {
  const AdamWFactors& f = step.factors;
  const float g = __fmul_rn(step.gradient[i], clip);
  m = Blend<kFused>(m, f.beta1, g, f.one_minus_beta1);
  v = Blend<kFused>(v, f.beta2, g * g, f.one_minus_beta2);
  const float root = sqrtf(v * f.second_correction);
  const float ratio = m * f.first_correction / (root + f.epsilon);
  const float w = step.weights[i];
  const float updated = w - f.learning_rate * (w * f.weight_decay + ratio);
  step.weights[i] = updated;
  if (step.rounded != nullptr) step.rounded[i] = FromFloat<T>(updated);
}

template <typename T>
__global__ void Float32Kernel(Step<T> step, float* m, float* v) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= step.count) return;
  float first = m[i], second = v[i];
  Update<true>(step, ClipFactor(step.norm, step.clip_norm), i, first, second);
  m[i] = first;
  v[i] = second;
}

// `index` is the first element's among all weights of the run.
template <typename T>
__global__ void BFloat16Kernel(Step<T> step, uint16_t* m, uint16_t* v, CounterKey key,
                               uint64_t index) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= step.count) return;
  float first = FloatOfBFloat16(m[i]), second = FloatOfBFloat16(v[i]);
  Update<false>(step, ClipFactor(step.norm, step.clip_norm), i, first, second);
  const uint32_t random = CounterBits(key, index + static_cast<uint64_t>(i));
  m[i] = RoundAtRandom(first, random >> 16);
  v[i] = RoundAtRandom(second, random);
}

// A warp takes a block of moments at a time.
template <typename T>
__global__ void EightBitKernel(Step<T> step, EightBitMoment m, EightBitMoment v) {
  __shared__ DynamicMap m_map;
  __shared__ DynamicMap v_map;
  CopyMap(&m_map, kDeviceSignedMap);
  CopyMap(&v_map, kDeviceUnsignedMap);
  const int thread = static_cast<int>(threadIdx.x), lane = LaneOf(thread);
  const float clip = ClipFactor(step.norm, step.clip_norm);
  const int64_t blocks = MomentBlocks(step.count);
  for (int64_t block = int64_t{blockIdx.x} * kEightBitWarps + thread / kWarp; block < blocks;
       block += int64_t{gridDim.x} * kEightBitWarps) {
    float first[kElementsOfLane], second[kElementsOfLane];
    LoadBlock(first, m, m_map, block, lane, step.count);
    LoadBlock(second, v, v_map, block, lane, step.count);
#pragma unroll
    for (int j = 0; j < kElementsOfLane; ++j) {
      const int64_t i = ElementOfLane(block, lane, j);
      if (i < step.count) Update<false>(step, clip, i, first[j], second[j]);
    }
    StoreBlock(m, first, m_map, block, lane, step.count);
    StoreBlock(v, second, v_map, block, lane, step.count);
  }
}

// `index` is the first element's among all weights of the run.
template <typename T>
void UpdatePart(const Step<T>& step, const Moments& part, const CounterKey& key, int64_t index,
                cudaStream_t stream) {
  constexpr int kThreads = 256;
  const dim3 grid = Grid(CeilDiv(step.count, kThreads));
  if (part.m.type() == DataType::kFloat32) {
    Launch(Float32Kernel<T>, grid, kThreads, 0, stream, step, part.m.floats(), part.v.floats());
  } else if (part.m.type() == DataType::kBFloat16) {
    Launch(BFloat16Kernel<T>, grid, kThreads, 0, stream, step, Elements<uint16_t>(part.m),
           Elements<uint16_t>(part.v), key, static_cast<uint64_t>(index));
  } else {
    Launch(EightBitKernel<T>, Grid(EightBitGrid(step.count)), kEightBitWarps * kWarp, 0, stream,
           step, EightBitMomentOf(ArraysOf(part, Moment::kFirst)),
           EightBitMomentOf(ArraysOf(part, Moment::kSecond)));
  }
}

}  // namespace

void CudaBackend::DoAdamW(Tensor weights, const Moments& moments, ConstTensor gradient,
                          ConstTensor norm, const AdamWStep& step, Tensor rounded) {
  const AdamWFactors factors = FactorsOf(step);
  const CounterKey key = RoundingKeyOf(step);
  WithElement(rounded.type(), [&](auto element) {
    using T = decltype(element);
    staging_.ForParts(moments, {}, [&](const Moments& part, int64_t begin, cudaStream_t stream) {
      const Step<T> piece = {.weights = weights.floats() + begin,
                             .gradient = gradient.floats() + begin,
                             .norm = norm.floats(),
                             .rounded = rounded.empty() ? nullptr : Elements<T>(rounded) + begin,
                             .count = part.m.size(),
                             .clip_norm = step.clip_norm,
                             .factors = factors};
      UpdatePart(piece, part, key, step.first_index + begin, stream);
    });
  });
}

}  // namespace upcycle
