#include "core/benchmarks/python_random.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <unordered_set>

#include "core/check.h"

namespace upcycle {
namespace {

constexpr size_t kWords = std::mt19937::state_size;

// A seed sequence, as std::mt19937 takes one, that gives the state of init_by_array.
class WordsOfSeed {
 public:
  using result_type = uint32_t;

  explicit WordsOfSeed(uint64_t seed) : key_{static_cast<uint32_t>(seed)} {
    if (seed >> 32 != 0) key_.push_back(static_cast<uint32_t>(seed >> 32));
  }

  template <typename Iterator>
  void generate(Iterator begin, Iterator end) const {
    std::vector<uint32_t> state(kWords);
    state[0] = 19650218U;
    for (size_t i = 1; i < kWords; ++i) {
      state[i] = Mixed(state[i - 1], 1812433253U) + static_cast<uint32_t>(i);
    }
    size_t i = 1;
    const auto advance = [&] {
      if (++i < kWords) return;
      state[0] = state[kWords - 1];
      i = 1;
    };
    for (size_t k = 0; k < kWords; ++k) {
      const size_t j = k % key_.size();
      state[i] = (state[i] ^ Mixed(state[i - 1], 1664525U)) + key_[j] + static_cast<uint32_t>(j);
      advance();
    }
    for (size_t k = 1; k < kWords; ++k) {
      state[i] = (state[i] ^ Mixed(state[i - 1], 1566083941U)) - static_cast<uint32_t>(i);
      advance();
    }
    state[0] = 0x80000000U;
    UPCYCLE_CHECK_EQ(static_cast<size_t>(end - begin), kWords);
    std::ranges::copy(state, begin);
  }

 private:
  static uint32_t Mixed(uint32_t word, uint32_t factor) { return (word ^ word >> 30) * factor; }

  std::vector<uint32_t> key_;
};

std::mt19937 EngineOf(uint64_t seed) {
  WordsOfSeed words(seed);
  return std::mt19937(words);
}

}  // namespace

PythonRandom::PythonRandom(uint64_t seed) : engine_(EngineOf(seed)) {}

double PythonRandom::Uniform() {
  const uint32_t high = static_cast<uint32_t>(engine_()) >> 5;
  const uint32_t low = static_cast<uint32_t>(engine_()) >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

uint32_t PythonRandom::Below(uint32_t bound) {
  UPCYCLE_CHECK(bound > 0);
  const int unused = 32 - std::bit_width(bound);
  uint32_t drawn = 0;
  do {
    drawn = static_cast<uint32_t>(engine_()) >> unused;
  } while (drawn >= bound);
  return drawn;
}

// Python keeps a list of what is left where that is smaller than a set of what was taken, by its
// own estimate of a set's size; the two draw differently.
std::vector<uint32_t> PythonRandom::Sample(uint32_t size, uint32_t count) {
  UPCYCLE_CHECK(count <= size);
  uint64_t set_size = 21;
  if (count > 5) {
    uint64_t table = 1;
    while (table < uint64_t{count} * 3) table *= 4;
    set_size += table;
  }
  return size <= set_size ? SampleFromPool(size, count) : SampleByRejection(size, count);
}

std::vector<uint32_t> PythonRandom::SampleFromPool(uint32_t size, uint32_t count) {
  std::vector<uint32_t> pool(size);
  std::iota(pool.begin(), pool.end(), 0U);
  std::vector<uint32_t> sample;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t drawn = Below(size - i);
    sample.push_back(pool[drawn]);
    pool[drawn] = pool[size - i - 1];
  }
  return sample;
}

std::vector<uint32_t> PythonRandom::SampleByRejection(uint32_t size, uint32_t count) {
  std::unordered_set<uint32_t> taken;
  std::vector<uint32_t> sample;
  while (sample.size() < count) {
    const uint32_t drawn = Below(size);
    if (taken.insert(drawn).second) sample.push_back(drawn);
  }
  return sample;
}

}  // namespace upcycle
