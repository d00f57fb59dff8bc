// Random numbers as a pure function of (seed, stream name, step, index), never of call order: arms
// that share a seed share their data order, their common tensors and their noise, so differences
// between them are paired; and a resumed run draws what the undisturbed run would have drawn.
//
// Generator: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011). The key is a hash of seed and stream name; the counter is (index, step).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace upcycle {

// Ten rounds of Philox4x32 on one 128-bit counter.
std::array<uint32_t, 4> Philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

class RandomStream {
 public:
  // `name` says what the numbers are for ("router/layer_3"): one name, one use.
  RandomStream(uint64_t seed, std::string_view name, uint64_t step = 0);

  uint64_t Bits(uint64_t index) const;
  double Uniform(uint64_t index) const;                  // in [0, 1), 53 bits
  double Normal(uint64_t index) const;                   // mean 0, standard deviation 1
  uint64_t Below(uint64_t index, uint64_t bound) const;  // in [0, bound), bound ≥ 1

 private:
  std::array<uint32_t, 4> Block(uint64_t index) const;

  std::array<uint32_t, 2> key_;
  uint64_t step_;
};

// A pseudo-random permutation of [0, size) in constant memory: a four-round Feistel network over
// the next even power of two, with cycle walking (Black and Rogaway, "Ciphers with arbitrary finite
// domains", 2002). `At` costs a handful of Philox blocks.
class Permutation {
 public:
  Permutation(uint64_t size, uint64_t seed, std::string_view name, uint64_t step = 0);

  uint64_t size() const { return size_; }
  uint64_t At(uint64_t position) const;  // position < size

 private:
  uint64_t size_;
  int half_bits_;
  RandomStream stream_;
};

}  // namespace upcycle
