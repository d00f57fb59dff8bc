#include "core/tokenizers/byte_trie.h"

#include <algorithm>
#include <deque>
#include <span>

#include "core/check.h"
#include "core/tokenizers/limits.h"

namespace upcycle {

// Finds room for children.
class ByteTrie::Places {
 public:
  explicit Places(std::vector<Unit>& units) : units_(units) { Grow(1); }

  // A place behind which these bytes, in ascending order, are free, and which nobody has yet.
  uint32_t Take(std::span<const unsigned char> bytes) {
    const uint32_t begin = std::max(search_from_, uint32_t{1} + bytes[0]);
    uint32_t at = begin, full = 0;
    for (; !Fits(at - bytes[0], bytes); ++at) full += units_[at].label != kFree;
    // Where nearly all is full nobody needs to look again.
    if (full * uint64_t{20} >= (at - begin) * uint64_t{19}) search_from_ = at;
    taken_[at - bytes[0]] = true;
    return at - bytes[0];
  }

 private:
  void Grow(size_t least) {
    if (units_.size() >= least + kFree) return;
    units_.resize(std::max(least + kFree, units_.size() * 2));
    taken_.resize(units_.size());
  }

  bool Fits(uint32_t place, std::span<const unsigned char> bytes) {
    Grow(place + size_t{1});
    return !taken_[place] && std::ranges::all_of(bytes, [&](unsigned char byte) {
      return units_[place + byte].label == kFree;
    });
  }

  std::vector<Unit>& units_;
  std::vector<bool> taken_;
  uint32_t search_from_ = 1;
};

// Entries that have their first `depth` bytes in common, which lead to `node`.
struct ByteTrie::Part {
  Node node;
  std::span<const Entry> entries;
  size_t depth;

  unsigned char NextByte(size_t i) const {
    return static_cast<unsigned char>(entries[i].text[depth]);
  }
};

ByteTrie::ByteTrie(std::vector<Entry> entries) {
  std::ranges::stable_sort(entries, {}, &Entry::text);
  const auto same = std::ranges::unique(entries, {}, &Entry::text);
  entries.erase(same.begin(), same.end());
  Places places(units_);
  // What is near the root is looked at most: it comes first, side by side.
  std::deque<Part> parts = {{kRoot, entries, 0}};
  for (; !parts.empty(); parts.pop_front()) {
    Part& part = parts.front();
    if (!part.entries.empty() && part.entries[0].text.size() == part.depth) {
      const int32_t value = part.entries[0].value;
      UPCYCLE_CHECK(part.depth > 0 && value >= 0 && value <= kLargestToken);
      units_[part.node].value = value;
      part.entries = part.entries.subspan(1);
    }
    if (!part.entries.empty()) AddChildren(part, places, parts);
  }
}

void ByteTrie::AddChildren(const Part& part, Places& places, std::deque<Part>& parts) {
  std::vector<unsigned char> bytes;
  std::vector<size_t> begins;
  for (size_t i = 0; i < part.entries.size(); ++i) {
    if (!bytes.empty() && bytes.back() == part.NextByte(i)) continue;
    bytes.push_back(part.NextByte(i));
    begins.push_back(i);
  }
  begins.push_back(part.entries.size());
  const uint32_t children = places.Take(bytes);
  units_[part.node].children = children;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const Node child = children + bytes[i];
    units_[child].label = bytes[i];
    parts.push_back(
        {child, part.entries.subspan(begins[i], begins[i + 1] - begins[i]), part.depth + 1});
  }
}

}  // namespace upcycle
