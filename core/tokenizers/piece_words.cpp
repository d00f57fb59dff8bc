#include "core/tokenizers/piece_words.h"

#include <algorithm>

#include "core/tokenizers/bpe_text.h"

namespace upcycle {
namespace {

constexpr size_t kPartBytes = 4096;  // stays in the processor's nearest cache

// The bytes of U+2581 at the beginning of `text`.
size_t SpacesAtBegin(std::string_view text) {
  size_t bytes = 0;
  while (text.substr(bytes).starts_with(kEscapedSpace)) bytes += kEscapedSpace.size();
  return bytes;
}

}  // namespace

bool StayWithinWords(const std::vector<Piece>& pieces) {
  return std::ranges::none_of(
      pieces, [](const Piece& piece) { return IsText(piece) && SpansWords(piece.text); });
}

PieceWords::PieceWords(const PieceNormalizer& normalizer, bool cuts, std::string_view text,
                       std::string& memory)
    : normalizer_(normalizer), cuts_(cuts), progress_{.rest = text}, normalized_(memory) {
  normalized_.clear();
}

// Of the word at the beginning of what is not taken, or 0 where it may be longer than that.
size_t PieceWords::NextSize() const {
  if (!cuts_) return 0;
  const std::string_view text = std::string_view(normalized_).substr(taken_);
  const size_t end = text.find(kEscapedSpace, SpacesAtBegin(text));
  return end < text.size() ? end : 0;
}

std::string_view PieceWords::Next() {
  size_t size = NextSize();
  while (size == 0 && !(progress_.begun && progress_.rest.empty())) {
    normalized_.erase(0, taken_);
    taken_ = 0;
    // No character of a long word is looked at more than twice.
    normalizer_.Normalize(std::max(kPartBytes, normalized_.size()), progress_, normalized_);
    size = NextSize();
  }
  if (size == 0) size = normalized_.size() - taken_;
  const std::string_view word = std::string_view(normalized_).substr(taken_, size);
  taken_ += size;
  return word;
}

}  // namespace upcycle
