// The tokens of a sentencepiece model of the kind BPE: characters, merged as their pieces' scores
// say.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizers/byte_trie.h"
#include "core/tokenizers/pair_merges.h"
#include "core/tokenizers/piece_model.h"
#include "core/tokenizers/score_merges.h"
#include "core/tokenizers/text_map.h"
#include "core/tokenizers/token_writer.h"

namespace upcycle {

class PieceMerges {
 public:
  // Pieces are valid UTF-8 and have numbers for scores. No text is both a piece and the name of a
  // token that stands for no text.
  explicit PieceMerges(const std::vector<Piece>& pieces);

  // The bytes at the beginning of `text`, which is not empty, that no piece joins with what stands
  // behind them: their tokens are the same without it.
  size_t Apart(std::string_view text) const;

  struct Memory {
    std::vector<int32_t> symbols;
    MergeMemory merging;
  };
  // Writes the tokens of a word, which is valid UTF-8. False where they have an unused piece: it
  // becomes what it was merged from, and that may depend on the words around.
  bool Encode(std::string_view word, const UnknownPieces& unknown, Memory& memory,
              TokenWriter& out) const;

 private:
  TextMap<int32_t> FindSymbols(std::span<const ScoredPiece> pieces);

  // Symbols are what merges: tokens, and from loose_begin_ on characters that are in pieces and no
  // piece themselves.
  std::vector<std::string> loose_;
  int32_t loose_begin_;
  ByteTrie pieces_;
  ByteTrie starts_;  // symbols, by characters and by pieces that are kept whole
  PairMerges merges_;
  std::vector<bool> unused_;  // by token
};

}  // namespace upcycle
