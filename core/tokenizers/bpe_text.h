// How the BPE tokenizer sees text, in training and in use alike.
//
// A *word* is a run of spaces and the run of other characters behind it (either may be empty).
// sentencepiece writes a space as U+2581 and never makes a piece in which one follows another
// character, so merging stays within words. Control characters, U+2581 itself, U+2585 (which
// sentencepiece keeps for its own use) and bytes that are no UTF-8 are no part of words: they are
// *loose* bytes, each a token of its own.
#pragma once

#include <string_view>

namespace upcycle {

struct TextPart {
  std::string_view text;
  bool word = false;  // else loose bytes
};

inline constexpr std::string_view kEscapedSpace = "\u2581";

// Whether an escaped space stands behind another character.
bool SpansWords(std::string_view piece);

// The part at the beginning of `text`, which is not empty.
TextPart FirstPart(std::string_view text);

// The bytes of all words at the beginning of `text`, before loose ones.
size_t WordsAtBegin(std::string_view text);

}  // namespace upcycle
