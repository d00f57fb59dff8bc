#include "core/tokenizers/pair_merges.h"

#include <algorithm>
#include <bit>

#include "core/check.h"

namespace upcycle {
namespace {

constexpr uint64_t kFree = ~uint64_t{0};
constexpr size_t kFewestSlots = 16;
// Up to here moving all that stands behind a merged pair beats keeping a heap.
constexpr size_t kFew = 64;
constexpr uint32_t kNever = ~uint32_t{0};
constexpr uint32_t kEnd = ~uint32_t{0};

uint64_t PairOf(int32_t left, int32_t right) {
  return (uint64_t{static_cast<uint32_t>(left)} << 32) | static_cast<uint32_t>(right);
}

// The candidate on top of a heap is the one that goes first.
bool GoesLater(const MergeMemory::Candidate& a, const MergeMemory::Candidate& b) {
  return a.rank != b.rank ? a.rank > b.rank : a.place > b.place;
}

}  // namespace

PairMerges::PairMerges(size_t expected) { Grow(std::max(kFewestSlots, expected * 2)); }

size_t PairMerges::SlotOf(uint64_t pair) const {
  const size_t mask = slots_.size() - 1;
  uint64_t hash = pair * 0x9E3779B97F4A7C15u;  // Fibonacci hashing: the high bits are well mixed
  hash ^= hash >> 32;
  size_t slot = hash & mask;
  while (slots_[slot].pair != kFree && slots_[slot].pair != pair) slot = (slot + 1) & mask;
  return slot;
}

void PairMerges::Grow(size_t slots) {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(std::bit_ceil(slots), {kFree, {}});
  for (const Slot& slot : old) {
    if (slot.pair != kFree) slots_[SlotOf(slot.pair)] = slot;
  }
}

void PairMerges::Set(int32_t left, int32_t right, PairMerge merge) {
  UPCYCLE_CHECK(left >= 0 && right >= 0 && merge.rank != kNever);
  if ((taken_ + 1) * 2 > slots_.size()) Grow(slots_.size() * 2);
  Slot& slot = slots_[SlotOf(PairOf(left, right))];
  if (slot.pair == kFree) ++taken_;
  slot = {PairOf(left, right), merge};
}

const PairMerge* PairMerges::Find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[SlotOf(PairOf(left, right))];
  return slot.pair == kFree ? nullptr : &slot.merge;
}

void PairMerges::Apply(std::vector<int32_t>& tokens, MergeMemory& memory) const {
  if (tokens.size() < 2) return;
  if (tokens.size() <= kFew) {
    ApplyToFew(tokens, memory);
  } else {
    ApplyToMany(tokens, memory);
  }
}

void PairMerges::ApplyToFew(std::vector<int32_t>& tokens, MergeMemory& memory) const {
  // merges[i] is that of tokens i and i + 1.
  std::vector<PairMerge>& merges = memory.merges;
  const auto merge_at = [&](size_t i) {
    const PairMerge* merge = Find(tokens[i], tokens[i + 1]);
    return merge == nullptr ? PairMerge{kNever, 0} : *merge;
  };
  merges.resize(tokens.size() - 1);
  for (size_t i = 0; i < merges.size(); ++i) merges[i] = merge_at(i);
  while (!merges.empty()) {
    const auto first = std::min_element(merges.begin(), merges.end(),
                                        [](PairMerge a, PairMerge b) { return a.rank < b.rank; });
    if (first->rank == kNever) return;
    const size_t i = static_cast<size_t>(first - merges.begin());
    tokens[i] = first->token;
    tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(i) + 1);
    merges.erase(first);
    if (i > 0) merges[i - 1] = merge_at(i - 1);
    if (i < merges.size()) merges[i] = merge_at(i);
  }
}

// Puts the merge of the token at `place` with the one behind it on the heap, if they merge.
void PairMerges::Consider(const std::vector<int32_t>& tokens, uint32_t place,
                          MergeMemory& memory) const {
  const int32_t left = tokens[place], right = tokens[memory.next[place]];
  const PairMerge* merge = Find(left, right);
  if (merge == nullptr) return;
  memory.heap.push_back({merge->rank, place, left, right, merge->token});
  std::push_heap(memory.heap.begin(), memory.heap.end(), GoesLater);
}

void PairMerges::ApplyToMany(std::vector<int32_t>& tokens, MergeMemory& memory) const {
  constexpr int32_t kGone = -1;
  UPCYCLE_CHECK(tokens.size() < kEnd);
  const auto size = static_cast<uint32_t>(tokens.size());
  memory.next.resize(size);
  memory.previous.resize(size);
  memory.heap.clear();
  for (uint32_t i = 0; i < size; ++i) {
    memory.next[i] = i + 1 < size ? i + 1 : kEnd;
    memory.previous[i] = i > 0 ? i - 1 : kEnd;
  }
  for (uint32_t i = 0; i + 1 < size; ++i) Consider(tokens, i, memory);
  while (!memory.heap.empty()) {
    const MergeMemory::Candidate top = memory.heap.front();
    std::pop_heap(memory.heap.begin(), memory.heap.end(), GoesLater);
    memory.heap.pop_back();
    const uint32_t right = tokens[top.place] == top.left ? memory.next[top.place] : kEnd;
    if (right == kEnd || tokens[right] != top.right) continue;  // one of them has changed since
    tokens[top.place] = top.token;
    tokens[right] = kGone;
    const uint32_t behind = memory.next[right];
    memory.next[top.place] = behind;
    if (behind != kEnd) {
      memory.previous[behind] = top.place;
      Consider(tokens, top.place, memory);
    }
    if (memory.previous[top.place] != kEnd) Consider(tokens, memory.previous[top.place], memory);
  }
  std::erase(tokens, kGone);
}

}  // namespace upcycle
