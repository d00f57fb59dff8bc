#include "core/tokenizers/word_cache.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace upcycle {
namespace {

constexpr size_t kEntries = size_t{1} << 16;  // 4 MiB

}  // namespace

WordCache::WordCache() : entries_(kEntries) {}

size_t WordCache::PlaceOf(std::string_view word) {
  return XXH3_64bits(word.data(), word.size()) & (kEntries - 1);
}

// A word lies in one of two neighbouring entries; the first is that of the younger.
WordCache::Found WordCache::Find(std::string_view word) const {
  if (word.size() > kLongestWord) return {};
  const size_t place = PlaceOf(word);
  for (const size_t at : {place, place ^ 1}) {
    const Entry& entry = entries_[at];
    if (entry.size == word.size() &&
        std::memcmp(entry.word.data(), word.data(), word.size()) == 0) {
      return {entry.tokens.data(), entry.count};
    }
  }
  return {};
}

void WordCache::Store(std::string_view word, std::span<const int32_t> tokens) {
  if (word.size() > kLongestWord || tokens.size() > kMostTokens) return;
  const size_t place = PlaceOf(word);
  Entry& entry = entries_[place];
  if (entry.size != 0) entries_[place ^ 1] = entry;
  entry.size = static_cast<uint8_t>(word.size());
  entry.count = static_cast<uint8_t>(tokens.size());
  std::ranges::copy(word, entry.word.begin());
  std::ranges::copy(tokens, entry.tokens.begin());
}

}  // namespace upcycle
