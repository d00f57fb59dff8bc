// The heart of byte-pair encoding: which two neighbouring tokens become one, and in which order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace upcycle {

struct PairMerge {
  uint32_t rank = 0;  // lower ones go first
  int32_t token = 0;  // what the two become
};

// Memory that Apply works in; one a thread.
struct MergeMemory {
  struct Candidate {
    uint32_t rank;
    uint32_t place;
    int32_t left;
    int32_t right;
    int32_t token;
  };
  std::vector<PairMerge> merges;
  std::vector<uint32_t> next;
  std::vector<uint32_t> previous;
  std::vector<Candidate> heap;
};

class PairMerges {
 public:
  explicit PairMerges(size_t expected = 0);

  // Tokens are not negative. Of two merges of one pair the later holds.
  void Set(int32_t left, int32_t right, PairMerge merge);
  // Null where the pair does not merge.
  const PairMerge* Find(int32_t left, int32_t right) const;

  // Merges the pair of lowest rank, the leftmost of equals, until no pair of `tokens` merges. Takes
  // time of order n log n, whatever the text.
  void Apply(std::vector<int32_t>& tokens, MergeMemory& memory) const;

 private:
  struct Slot {
    uint64_t pair;
    PairMerge merge;
  };

  size_t SlotOf(uint64_t pair) const;
  void Grow(size_t slots);
  void ApplyToFew(std::vector<int32_t>& tokens, MergeMemory& memory) const;
  void ApplyToMany(std::vector<int32_t>& tokens, MergeMemory& memory) const;
  void Consider(const std::vector<int32_t>& tokens, uint32_t place, MergeMemory& memory) const;

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  size_t taken_ = 0;
};

}  // namespace upcycle
