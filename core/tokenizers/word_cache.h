// Remembers the tokens of short words, in no more than 4 MiB: then a new word takes the place of
// another. Speed only; one a thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace upcycle {

class WordCache {
 public:
  WordCache();

  static constexpr size_t kLongestWord = 30;  // bytes; longer ones are not kept

  // What the word was stored with, valid until the next Store; null if it is not there.
  struct Found {
    const int32_t* tokens = nullptr;
    size_t count = 0;
  };
  Found Find(std::string_view word) const;
  // A word that has many tokens is not kept either. `word` is not empty.
  void Store(std::string_view word, std::span<const int32_t> tokens);

 private:
  static constexpr size_t kMostTokens = 8;
  // As large as a cache line of usual processors.
  struct alignas(64) Entry {
    uint8_t size = 0;  // 0: free
    uint8_t count = 0;
    std::array<char, kLongestWord> word;
    std::array<int32_t, kMostTokens> tokens;
  };
  static_assert(sizeof(Entry) == 64);

  static std::string_view WordOf(const Entry& entry) { return {entry.word.data(), entry.size}; }
  size_t PlaceOf(std::string_view word) const;
  void Put(const Entry& entry);
  void Grow();

  std::vector<Entry> entries_;  // a power of two
  size_t stored_ = 0;           // since it has this size
};

}  // namespace upcycle
