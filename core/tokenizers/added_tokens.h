// Tokens that are found in a text before anything else is done with it: special ones, and what was
// added to a vocabulary after its training.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizers/byte_trie.h"
#include "core/tokenizers/function_ref.h"
#include "core/tokenizers/json_node.h"
#include "core/tokenizers/regex.h"

namespace upcycle {

struct AddedToken {
  int32_t id = 0;
  std::string text;
  bool special = false;      // no text: left out where tokens become text
  bool single_word = false;  // not inside a word
  bool left_strip = false;   // takes the whitespace before it along
  bool right_strip = false;
  bool normalized = false;  // is looked for, itself normalised, in normalised text
};

// An element of "added_tokens".
AddedToken ReadAddedToken(const JsonNode& node);

class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;
  // `texts[i]` is what tokens[i] looks like in the text that will be searched.
  AddedTokenFinder(const std::vector<AddedToken>& tokens, const std::vector<std::string>& texts);

  bool empty() const { return tokens_.empty(); }

  struct Part {
    std::string_view text;
    int32_t token = -1;     // -1: text between tokens
    bool at_start = false;  // of the text that was searched
  };
  // Cuts `text` into tokens, the longest where several begin, and what lies between them.
  void Split(std::string_view text, FunctionRef<void(const Part&)> take) const;

 private:
  bool IsSingleWord(std::string_view before, std::string_view behind) const;

  std::vector<AddedToken> tokens_;
  ByteTrie places_;  // in tokens_, by their texts
  std::array<bool, 256> begins_ = {};
  std::optional<Regex> word_character_;  // where a token must be a single word
};

}  // namespace upcycle
