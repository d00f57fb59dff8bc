#include "core/tokenizers/word_cache.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace upcycle {
namespace {

constexpr size_t kFewestEntries = size_t{1} << 8;
constexpr size_t kMostEntries = size_t{1} << 16;

}  // namespace

WordCache::WordCache() : entries_(kFewestEntries) {}

size_t WordCache::PlaceOf(std::string_view word) const {
  return XXH3_64bits(word.data(), word.size()) & (entries_.size() - 1);
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
  if (++stored_ > entries_.size() / 2 && entries_.size() < kMostEntries) Grow();
  Entry entry;
  entry.size = static_cast<uint8_t>(word.size());
  entry.count = static_cast<uint8_t>(tokens.size());
  std::ranges::copy(word, entry.word.begin());
  std::ranges::copy(tokens, entry.tokens.begin());
  Put(entry);
}

void WordCache::Put(const Entry& entry) {
  const size_t place = PlaceOf(WordOf(entry));
  if (entries_[place].size != 0) entries_[place ^ 1] = entries_[place];
  entries_[place] = entry;
}

void WordCache::Grow() {
  const std::vector<Entry> old = std::move(entries_);
  entries_ = std::vector<Entry>(old.size() * 4);
  stored_ = 0;
  for (const Entry& entry : old) {
    if (entry.size != 0) Put(entry), ++stored_;
  }
}

}  // namespace upcycle
