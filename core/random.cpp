#include "core/random.h"

#include <bit>
#include <cmath>
#include <numbers>

#include <xxhash.h>

#include "core/check.h"

namespace upcycle {
namespace {

constexpr uint32_t kMultiplier0 = 0xD2511F53;
constexpr uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9;  // the golden ratio
constexpr uint32_t kWeyl1 = 0xBB67AE85;  // sqrt(3) - 1
constexpr int kRounds = 10;
constexpr int kFeistelRounds = 4;

double UnitInterval(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

uint64_t Join(uint32_t high, uint32_t low) { return (uint64_t{high} << 32) | low; }

}  // namespace

std::array<uint32_t, 4> Philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * c[0];
    const uint64_t product1 = uint64_t{kMultiplier1} * c[2];
    c = {static_cast<uint32_t>(product1 >> 32) ^ c[1] ^ key[0], static_cast<uint32_t>(product1),
         static_cast<uint32_t>(product0 >> 32) ^ c[3] ^ key[1], static_cast<uint32_t>(product0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return c;
}

RandomStream::RandomStream(uint64_t seed, std::string_view name, uint64_t step) : step_(step) {
  const uint64_t hash = XXH3_64bits_withSeed(name.data(), name.size(), seed);
  key_ = {static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32)};
}

std::array<uint32_t, 4> RandomStream::Block(uint64_t index) const {
  return Philox({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                 static_cast<uint32_t>(step_), static_cast<uint32_t>(step_ >> 32)},
                key_);
}

uint64_t RandomStream::Bits(uint64_t index) const {
  const auto block = Block(index);
  return Join(block[1], block[0]);
}

double RandomStream::Uniform(uint64_t index) const { return UnitInterval(Bits(index)); }

// Box and Muller, 1958: one of the pair, so that index i never depends on its neighbour.
double RandomStream::Normal(uint64_t index) const {
  const auto block = Block(index);
  const double radius_uniform = 1.0 - UnitInterval(Join(block[1], block[0]));  // in (0, 1]
  const double angle = 2.0 * std::numbers::pi * UnitInterval(Join(block[3], block[2]));
  return std::sqrt(-2.0 * std::log(radius_uniform)) * std::cos(angle);
}

// The high half of a 128-bit product: the bias is below bound / 2^64.
uint64_t RandomStream::Below(uint64_t index, uint64_t bound) const {
  UPCYCLE_CHECK(bound >= 1);
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>((Wide{Bits(index)} * bound) >> 64);
}

Permutation::Permutation(uint64_t size, uint64_t seed, std::string_view name, uint64_t step)
    : size_(size), half_bits_(1), stream_(seed, name, step) {
  UPCYCLE_CHECK(size >= 1);
  while ((uint64_t{1} << (2 * half_bits_)) < size) ++half_bits_;
}

uint64_t Permutation::At(uint64_t position) const {
  UPCYCLE_CHECK(position < size_);
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t value = position;
  do {
    uint64_t left = value >> half_bits_;
    uint64_t right = value & mask;
    for (int round = 0; round < kFeistelRounds; ++round) {
      const uint64_t mixed = stream_.Bits((uint64_t(round) << 32) | right) & mask;
      const uint64_t next = left ^ mixed;
      left = right;
      right = next;
    }
    value = (left << half_bits_) | right;
  } while (value >= size_);
  return value;
}

}  // namespace upcycle
