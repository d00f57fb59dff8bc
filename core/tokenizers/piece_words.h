// The words of a normalised text, as it is normalised part by part: U+2581 and what stands behind
// it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizers/piece_model.h"
#include "core/tokenizers/piece_normalizer.h"

namespace upcycle {

// Whether no piece reaches from one word to the next.
bool StayWithinWords(const std::vector<Piece>& pieces);

class PieceWords {
 public:
  // All of the text is one word unless it `cuts` them apart. Works in `memory`. All must outlive
  // it.
  PieceWords(const PieceNormalizer& normalizer, bool cuts, std::string_view text,
             std::string& memory);

  // The next word, valid until the one after it; empty when there are no more.
  std::string_view Next();

 private:
  size_t NextSize() const;

  const PieceNormalizer& normalizer_;
  bool cuts_;
  PieceNormalizer::Progress progress_;
  std::string& normalized_;
  size_t taken_ = 0;  // of normalized_
};

}  // namespace upcycle
