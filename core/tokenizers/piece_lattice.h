// The tokens of a sentencepiece model of the kind unigram: of all ways to cut a text into pieces
// the one with the largest sum of scores.
//
// The library adds up in single precision from the beginning of a text on, and of equal sums takes
// the one that it finds first. So do we, number by number, as digits that are lost decide too.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/tokenizers/byte_trie.h"
#include "core/tokenizers/piece_model.h"
#include "core/tokenizers/token_writer.h"

namespace upcycle {

class PieceLattice {
 public:
  // Pieces are valid UTF-8 and have numbers for scores.
  explicit PieceLattice(const std::vector<Piece>& pieces);

  // The best way to a place in a text.
  struct End {
    float score = 0;
    int32_t token = -1;  // its last; -1: there is no way
    size_t begin = 0;    // of that
  };
  struct Memory {
    std::vector<End> ends;
    std::vector<size_t> path;
  };
  // Writes the tokens of a word, which is valid UTF-8. `score` is the sum of those before it; gives
  // the sum with it.
  float Encode(std::string_view word, float score, const UnknownPieces& unknown, Memory& memory,
               TokenWriter& out) const;

 private:
  void Extend(std::string_view rest, size_t begin, int32_t unknown, std::vector<End>& ends) const;

  ByteTrie pieces_;
  std::vector<double> scores_;  // by token
  float unknown_score_ = 0;
};

}  // namespace upcycle
