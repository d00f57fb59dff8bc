// Python's random.Random, number for number: the harness draws solved examples with it, and its
// bootstrap too, so the same seed must give the same prompts and the same standard errors. Nothing
// else in this program draws numbers this way: they depend on the order of calls (core/random.h
// has those that do not).
//
// The Mersenne Twister (Matsumoto and Nishimura, "Mersenne twister", ACM TOMACS 8, 1998), seeded by
// the reference's init_by_array with the seed's 32-bit words, as CPython's documentation says.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace upcycle {

class PythonRandom {
 public:
  explicit PythonRandom(uint64_t seed);

  double Uniform();                // random(): in [0, 1), 53 bits
  uint32_t Below(uint32_t bound);  // randrange(bound): in [0, bound), bound ≥ 1
  // sample(range(size), count): distinct, in the order in which they are drawn. count ≤ size.
  std::vector<uint32_t> Sample(uint32_t size, uint32_t count);

 private:
  std::vector<uint32_t> SampleFromPool(uint32_t size, uint32_t count);
  std::vector<uint32_t> SampleByRejection(uint32_t size, uint32_t count);

  std::mt19937 engine_;
};

}  // namespace upcycle
