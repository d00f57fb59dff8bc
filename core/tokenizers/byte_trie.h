// Numbers by strings of bytes, looked up byte by byte. A double array: a step is one look at
// memory, whatever the number of strings.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace upcycle {

class ByteTrie {
 public:
  struct Entry {
    std::string_view text;  // not empty
    int32_t value = 0;      // in [0, kLargestToken]
  };
  ByteTrie() : ByteTrie(std::vector<Entry>()) {}
  // Of entries with one text the first holds.
  explicit ByteTrie(std::vector<Entry> entries);

  // A beginning that some of the strings have.
  using Node = uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNowhere = ~Node{0};
  Node Step(Node node, char byte) const {
    const auto label = static_cast<unsigned char>(byte);
    const Node next = units_[node].children + label;
    return units_[next].label == label ? next : kNowhere;
  }
  // Of the string that ends here, or -1.
  int32_t ValueAt(Node node) const { return units_[node].value; }

  struct Match {
    size_t size = 0;
    int32_t value = -1;  // -1: none of the strings
  };
  // The longest of the strings that `text` begins with.
  Match LongestAt(std::string_view text) const {
    Match match;
    Node node = kRoot;
    for (size_t i = 0; i < text.size(); ++i) {
      node = Step(node, text[i]);
      if (node == kNowhere) break;
      if (const int32_t value = ValueAt(node); value >= 0) match = {i + 1, value};
    }
    return match;
  }

 private:
  static constexpr uint32_t kFree = 256;

  // A node's child by a byte lies `byte` behind the node's `children`, and has it as its label. No
  // two nodes have the same `children`, so that the label says whose child it is; 0 is that of
  // those that have none.
  struct Unit {
    uint32_t children = 0;
    int32_t value : 23 = -1;
    uint32_t label : 9 = kFree;
  };
  static_assert(sizeof(Unit) == 8);

  class Places;
  struct Part;
  void AddChildren(const Part& part, Places& places, std::deque<Part>& parts);

  std::vector<Unit> units_;
};

}  // namespace upcycle
