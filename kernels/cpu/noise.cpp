// Noise on what a router reads and says. Rows are short and tokens few beside the products of a
// layer, so this is plain code.
#include <cmath>

#include "kernels/counter_bits.h"
#include "kernels/cpu/cpu_backend.h"

namespace upcycle {
namespace {

constexpr int64_t kElementsOfTask = 1 << 12;

CounterKey KeyOf(ConstTensor key) {
  return {static_cast<uint32_t>(key.ints()[0]), static_cast<uint32_t>(key.ints()[1])};
}

// log(1 + exp(x)), without overflow.
float Softplus(float x) { return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); }

float Sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

void CpuBackend::DoJitter(Tensor x, ConstTensor key, double amplitude) {
  const CounterKey of = KeyOf(key);
  pool_.ParallelRanges(x.size(), kElementsOfTask, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      x.floats()[i] *= JitterOf(of, static_cast<uint64_t>(i), static_cast<float>(amplitude));
    }
  });
}

void CpuBackend::DoAddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key) {
  const CounterKey of = KeyOf(key);
  pool_.ParallelRanges(logits.size(), kElementsOfTask, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      logits.floats()[i] += NormalOf(of, static_cast<uint64_t>(i)) * Softplus(spread.floats()[i]);
    }
  });
}

void CpuBackend::DoRouterNoiseBackward(Tensor spread, ConstTensor d_logits, ConstTensor key) {
  const CounterKey of = KeyOf(key);
  pool_.ParallelRanges(spread.size(), kElementsOfTask, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      spread.floats()[i] = d_logits.floats()[i] * NormalOf(of, static_cast<uint64_t>(i)) *
                           Sigmoid(spread.floats()[i]);
    }
  });
}

}  // namespace upcycle
