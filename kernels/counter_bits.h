// Random numbers within ops: a pure function of a key and an element's index, the same on every
// backend but for the rounding of logf and cosf in NormalOf. What needs more than 32 bits a number,
// or a name, is core/random.h's, which also makes the keys.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/host_device.h"

namespace upcycle {

struct CounterKey {
  uint32_t first = 0;
  uint32_t second = 0;
};

// A bijection of 32 bits that leaves no visible trace of its argument (constants by Wellons, "Hash
// function prospector", 2018).
UPCYCLE_HOST_DEVICE constexpr uint32_t Scrambled(uint32_t x) {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

// The random bits of element `index`.
UPCYCLE_HOST_DEVICE constexpr uint32_t CounterBits(const CounterKey& key, uint64_t index) {
  const uint32_t low = Scrambled(static_cast<uint32_t>(index) ^ key.first);
  return Scrambled(low + static_cast<uint32_t>(index >> 32) * 0x9e3779b9u + key.second);
}

// Uniform in (0, 1), in steps of 2^-23 from half a step on: what a float32 holds exactly.
UPCYCLE_HOST_DEVICE constexpr float UniformOf(uint32_t bits) {
  return (static_cast<float>(bits >> 9) + 0.5f) * 0x1p-23f;
}

// Standard normal (Box and Muller 1958), from two uniform numbers; at most 5.8 in magnitude.
UPCYCLE_HOST_DEVICE inline float NormalOf(const CounterKey& key, uint64_t index) {
  constexpr float kTwoPi = 6.2831853f;
  const float radius = sqrtf(-2 * logf(UniformOf(CounterBits(key, 2 * index))));
  return radius * cosf(kTwoPi * UniformOf(CounterBits(key, 2 * index + 1)));
}

// The factor of element `index` by which Jitter multiplies: uniform in 1 ± amplitude.
UPCYCLE_HOST_DEVICE inline float JitterOf(const CounterKey& key, uint64_t index, float amplitude) {
  return 1 + amplitude * (2 * UniformOf(CounterBits(key, index)) - 1);
}

}  // namespace upcycle
