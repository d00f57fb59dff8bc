// The tokens that the sentencepiece library makes of a text, faster: for models of the kinds BPE
// and unigram whose pieces are text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/tokenizers/piece_lattice.h"
#include "core/tokenizers/piece_merges.h"
#include "core/tokenizers/piece_model.h"
#include "core/tokenizers/piece_normalizer.h"
#include "core/tokenizers/piece_words.h"
#include "core/tokenizers/token_writer.h"
#include "core/tokenizers/word_cache.h"

namespace upcycle {

// What a thread encodes with.
struct PieceMemory {
  WordCache words;
  PieceMerges::Memory merging;
  PieceLattice::Memory lattice;
  std::string normalized;
  std::vector<int32_t> tokens;
};

class PieceEncoder {
 public:
  // Null for a model that is left to the library. Throws Error(kInput) for one that is damaged.
  static std::unique_ptr<const PieceEncoder> For(const PieceModel& model);

  // Appends the tokens of `text`, of any bytes, and none around it. False, with `out` as it was,
  // where the text is left to the library: its tokens have unused pieces.
  bool Encode(std::string_view text, PieceMemory& memory, std::vector<int32_t>& out) const;

 private:
  using Model = std::variant<PieceMerges, PieceLattice>;
  PieceEncoder(const PieceModel& model, PieceNormalizer normalizer);
  bool MergeWord(const PieceMerges& merges, std::string_view word, PieceMemory& memory,
                 TokenWriter& out) const;
  bool MergePart(const PieceMerges& merges, std::string_view part, PieceMemory& memory,
                 TokenWriter& out) const;

  PieceNormalizer normalizer_;
  bool cuts_words_;
  UnknownPieces unknown_;
  Model model_;
};

}  // namespace upcycle
