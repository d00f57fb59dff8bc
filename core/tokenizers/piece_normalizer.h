// What a sentencepiece model makes of a text before it looks for pieces, with the library's rules:
// characters become others, spaces become U+2581, more than one become one, and one comes before
// the text or behind it, as the model says. What is no UTF-8 becomes U+FFFD, byte by byte.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/tokenizers/byte_trie.h"
#include "core/tokenizers/character_map.h"
#include "core/tokenizers/piece_model.h"

namespace upcycle {

class PieceNormalizer {
 public:
  // Throws Error(kInput) where the model's rules are damaged.
  explicit PieceNormalizer(const PieceModel& model);

  // A text on its way through.
  struct Progress {
    std::string_view rest;  // what is not normalised yet
    bool begun = false;
    bool after_space = false;  // one that follows is dropped
  };
  // Appends the normal form of at least `bytes` of the rest to `out`, or of all of it where it has
  // fewer. At the end of the text spaces at the end of `out` may be taken away; others stay.
  void Normalize(size_t bytes, Progress& progress, std::string& out) const;

 private:
  bool IsPlain(unsigned char byte) const;
  void Begin(Progress& progress, std::string& out) const;
  void PutPlain(size_t bytes, Progress& progress, std::string& out) const;
  void PutNext(Progress& progress, std::string& out) const;
  void Finish(std::string& out) const;
  struct Step {
    size_t bytes = 0;
    std::string_view text;  // what they become
  };
  Step FirstStep(std::string_view text) const;

  ByteTrie kept_;  // user-defined pieces, which nothing changes
  CharacterMap map_;
  // Bytes of ASCII that mean themselves where no other than ASCII follows.
  std::array<bool, 256> plain_ = {};
  std::string_view space_;
  bool puts_before_;
  bool puts_behind_;
  bool drops_extra_;
};

}  // namespace upcycle
