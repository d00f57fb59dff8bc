// The rules by which a sentencepiece model rewrites text before it looks for pieces: some
// characters and short texts become others (its "precompiled_charsmap"; NFKC is 32,000 of them).
//
// Format, little-endian: uint32 bytes of a double array; the array, in units of uint32 as the
// library darts-clone lays it out; texts, each with a NUL behind it. The array leads from a text to
// the offset of what it becomes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

class CharacterMap {
 public:
  // Without rules where `compiled` is empty. Throws Error(kInput) where it is damaged.
  explicit CharacterMap(std::string_view compiled);

  struct Rule {
    size_t size = 0;  // of what it replaces; 0: there is none
    std::string_view replacement;
  };
  // The rule for the longest beginning of `text` that has one.
  Rule LongestAt(std::string_view text) const;
  // Whether what some rule replaces begins so.
  bool HasRulesFrom(std::string_view beginning) const;

 private:
  struct Node {
    size_t children = 0;  // where its children and its value lie
    bool has_value = false;
  };
  Node Root() const;
  bool Step(char c, Node& node) const;
  void Check() const;

  std::vector<uint32_t> units_;
  std::string texts_;
};

}  // namespace upcycle
