// The activations of families.h, forward and backward.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_blocks.h"

namespace upcycle {
namespace {

// The logistic function of x and its complement, both without cancellation.
struct SigmoidPair {
  float sigmoid;
  float complement;
};
__device__ __forceinline__ SigmoidPair Sigmoid(float x) {
  const float e = expf(-fabsf(x));
  const float larger = 1 / (1 + e), smaller = e / (1 + e);
  return x >= 0 ? SigmoidPair{larger, smaller} : SigmoidPair{smaller, larger};
}

struct SwiGlu {
  static constexpr bool kGated = true;

  __device__ static float Forward(float gate, float up) { return gate / (1 + expf(-gate)) * up; }

  // d_gate and d_up get the slopes; returns the activation.
  __device__ static float Backward(float gate, float up, float* d_gate, float* d_up) {
    const SigmoidPair s = Sigmoid(gate);
    const float silu = gate * s.sigmoid;
    // (gate · sigmoid)' = sigmoid + gate · sigmoid · (1 - sigmoid)
    *d_gate = up * (s.sigmoid + silu * s.complement);
    *d_up = silu;
    return silu * up;
  }
};

struct SquaredRelu {
  static constexpr bool kGated = false;

  // max(x, 0), where NaN stays NaN.
  __device__ static float Positive(float x) { return x < 0 ? 0 : x; }
  __device__ static float Forward(float x, float) { return Positive(x) * Positive(x); }
  __device__ static float Backward(float x, float, float* d_x, float*) {
    *d_x = 2 * Positive(x);
    return Positive(x) * Positive(x);
  }
};

struct Gelu {
  static constexpr bool kGated = false;

  // Φ(x), without cancellation.
  __device__ static float Below(float x) { return 0.5f * erfcf(-0.707106781f * x); }
  __device__ static float Forward(float x, float) { return x * Below(x); }
  __device__ static float Backward(float x, float, float* d_x, float*) {
    const float below = Below(x);
    *d_x = below + x * 0.398942280f * expf(-0.5f * x * x);
    return x * below;
  }
};

// x · sigmoid(2u) with u = √(2/π) · (x + 0.044715·x³), as (1 + tanh(u)) / 2 = sigmoid(2u).
struct GeluTanh {
  static constexpr bool kGated = false;

  __device__ static float TwiceU(float x) { return x * (1.59576912f + 0.0713548163f * x * x); }
  __device__ static float Forward(float x, float) { return x * Sigmoid(TwiceU(x)).sigmoid; }
  __device__ static float Backward(float x, float, float* d_x, float*) {
    const SigmoidPair s = Sigmoid(TwiceU(x));
    const float value = x * s.sigmoid;
    *d_x = s.sigmoid + value * s.complement * (1.59576912f + 0.214064449f * x * x);
    return value;
  }
};

struct GeGlu {
  static constexpr bool kGated = true;

  __device__ static float Forward(float gate, float up) { return GeluTanh::Forward(gate, 0) * up; }
  __device__ static float Backward(float gate, float up, float* d_gate, float* d_up) {
    *d_up = GeluTanh::Backward(gate, 0, d_gate, nullptr);
    *d_gate *= up;
    return *d_up * up;
  }
};

template <typename A, typename T, int N>
__global__ void ForwardKernel(T* out, const T* x, const float* row_weight, int64_t hidden) {
  const int64_t row = blockIdx.x;
  const int64_t i = (int64_t{blockIdx.y} * blockDim.x + threadIdx.x) * N;
  if (i >= hidden) return;
  const float weight = row_weight == nullptr ? 1 : row_weight[row];
  const T* inputs = x + row * (A::kGated ? 2 * hidden : hidden) + i;
  const auto gate = *reinterpret_cast<const Pack<T, N>*>(inputs);
  const auto up = *reinterpret_cast<const Pack<T, N>*>(A::kGated ? inputs + hidden : inputs);
  Pack<T, N> result;
  for (int j = 0; j < N; ++j) {
    const float a = A::Forward(ToFloat(gate.values[j]), ToFloat(up.values[j]));
    result.values[j] = FromFloat<T>(weight * a);
  }
  *reinterpret_cast<Pack<T, N>*>(out + row * hidden + i) = result;
}

// One block a row.
template <typename A, typename T, int N>
__global__ void BackwardKernel(T* d_x, float* d_row_weight, const T* d_out, const T* x,
                               const float* row_weight, int64_t hidden) {
  const int64_t row = blockIdx.x, inputs = A::kGated ? 2 * hidden : hidden;
  const float weight = row_weight == nullptr ? 1 : row_weight[row];
  float dot = 0;
  for (int64_t i = int64_t{threadIdx.x} * N; i < hidden; i += int64_t{blockDim.x} * N) {
    const T* at = x + row * inputs + i;
    const auto gate = *reinterpret_cast<const Pack<T, N>*>(at);
    const auto up = *reinterpret_cast<const Pack<T, N>*>(A::kGated ? at + hidden : at);
    const auto d = *reinterpret_cast<const Pack<T, N>*>(d_out + row * hidden + i);
    Pack<T, N> d_gate, d_up;
    for (int j = 0; j < N; ++j) {
      float gate_slope = 0, up_slope = 0;
      const float a =
          A::Backward(ToFloat(gate.values[j]), ToFloat(up.values[j]), &gate_slope, &up_slope);
      const float d_a = ToFloat(d.values[j]);
      dot += d_a * a;
      d_gate.values[j] = FromFloat<T>(weight * d_a * gate_slope);
      d_up.values[j] = FromFloat<T>(weight * d_a * up_slope);
    }
    T* d_at = d_x + row * inputs + i;
    *reinterpret_cast<Pack<T, N>*>(d_at) = d_gate;
    if (A::kGated) *reinterpret_cast<Pack<T, N>*>(d_at + hidden) = d_up;
  }
  if (d_row_weight == nullptr) return;
  dot = SumOverBlock(dot);
  if (threadIdx.x == 0) d_row_weight[row] = dot;
}

// Calls body(A()) with the activation's functions.
template <typename Body>
void WithActivation(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::kSwiGlu:
      return body(SwiGlu());
    case Activation::kSquaredRelu:
      return body(SquaredRelu());
    case Activation::kGeGlu:
      return body(GeGlu());
    case Activation::kGelu:
      return body(Gelu());
    case Activation::kGeluTanh:
      return body(GeluTanh());
  }
}

}  // namespace

void CudaBackend::DoActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                                      Activation activation) {
  const int64_t rows = out.dim(0), hidden = out.dim(1);
  WithActivation(activation, [&](auto functions) {
    WithPacks(out.type(), hidden, {out, x}, [&](auto element, auto pack) {
      using T = decltype(element);
      constexpr int kPack = decltype(pack)::value;
      const int threads = RowThreads(hidden, kPack);
      Launch(ForwardKernel<decltype(functions), T, kPack>,
             Grid(rows, CeilDiv(hidden, int64_t{threads} * kPack)), threads, 0, stream_,
             Elements<T>(out), Elements<T>(x), Elements<float>(row_weight), hidden);
    });
  });
}

void CudaBackend::DoActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out,
                                       ConstTensor x, ConstTensor row_weight,
                                       Activation activation) {
  const int64_t rows = d_out.dim(0), hidden = d_out.dim(1);
  WithActivation(activation, [&](auto functions) {
    WithPacks(d_x.type(), hidden, {d_x, d_out, x}, [&](auto element, auto pack) {
      using T = decltype(element);
      constexpr int kPack = decltype(pack)::value;
      Launch(BackwardKernel<decltype(functions), T, kPack>, Grid(rows), RowThreads(hidden, kPack),
             0, stream_, Elements<T>(d_x), Elements<float>(d_row_weight), Elements<T>(d_out),
             Elements<T>(x), Elements<float>(row_weight), hidden);
    });
  });
}

}  // namespace upcycle
