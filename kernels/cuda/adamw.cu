#include <cmath>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"

namespace upcycle {
namespace {

// What a step multiplies by, computed once.
struct Factors {
  double clip_norm;
  float beta1;
  float one_minus_beta1;
  float beta2;
  float one_minus_beta2;
  float first_correction;   // 1 / (1 - beta1^step)
  float second_correction;  // 1 / (1 - beta2^step)
  float epsilon;
  float weight_decay;
  float learning_rate;
};

Factors FactorsOf(const AdamWStep& step) {
  const auto steps = static_cast<double>(step.step);
  const auto narrow = [](double x) { return static_cast<float>(x); };
  return {.clip_norm = step.clip_norm,
          .beta1 = narrow(step.beta1),
          .one_minus_beta1 = narrow(1 - step.beta1),
          .beta2 = narrow(step.beta2),
          .one_minus_beta2 = narrow(1 - step.beta2),
          .first_correction = narrow(1 / (1 - std::pow(step.beta1, steps))),
          .second_correction = narrow(1 / (1 - std::pow(step.beta2, steps))),
          .epsilon = narrow(step.epsilon),
          .weight_decay = narrow(step.weight_decay),
          .learning_rate = narrow(step.learning_rate)};
}

// By what gradients are multiplied so that their norm is at most clip_norm. A norm that is not a
// number gives gradients that are not numbers, which the trainer's guard sees.
__device__ __forceinline__ float ClipFactor(const float* norm, double clip_norm) {
  if (clip_norm == 0 || *norm <= clip_norm) return 1;
  return static_cast<float>(clip_norm / *norm);
}

template <typename T>
__global__ void AdamWKernel(float* weights, float* m, float* v, const float* gradient,
                            const float* norm, Factors f, int64_t count, T* rounded) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float g = gradient[i] * ClipFactor(norm, f.clip_norm);
  const float first = m[i] * f.beta1 + g * f.one_minus_beta1;
  const float second = v[i] * f.beta2 + g * g * f.one_minus_beta2;
  m[i] = first;
  v[i] = second;
  const float root = sqrtf(second * f.second_correction);
  const float ratio = first * f.first_correction / (root + f.epsilon);
  const float w = weights[i];
  const float updated = w - f.learning_rate * (w * f.weight_decay + ratio);
  weights[i] = updated;
  if (rounded != nullptr) rounded[i] = FromFloat<T>(updated);
}

}  // namespace

void CudaBackend::DoAdamW(Tensor weights, Tensor m, Tensor v, ConstTensor gradient,
                          ConstTensor norm, const AdamWStep& step, Tensor rounded) {
  constexpr int kThreads = 256;
  WithElement(rounded.type(), [&](auto element) {
    using T = decltype(element);
    Launch(AdamWKernel<T>, Grid(CeilDiv(weights.size(), kThreads)), kThreads, 0, stream_,
           weights.floats(), m.floats(), v.floats(), gradient.floats(), norm.floats(),
           FactorsOf(step), weights.size(), Elements<T>(rounded));
  });
}

}  // namespace upcycle
