#include "core/tokenizers/piece_merges.h"

#include <algorithm>

#include "core/utf8.h"

namespace upcycle {

PieceMerges::PieceMerges(const std::vector<Piece>& pieces)
    : loose_begin_(static_cast<int32_t>(pieces.size())) {
  std::vector<ByteTrie::Entry> all, starts;
  std::vector<ScoredPiece> merged;
  for (int32_t token = 0; token < loose_begin_; ++token) {
    const Piece& piece = pieces[static_cast<size_t>(token)];
    unused_.push_back(piece.kind == PieceKind::kUnused);
    if (!IsText(piece)) continue;
    all.push_back({piece.text, token});
    if (piece.kind == PieceKind::kUserDefined) {
      starts.push_back({piece.text, token});
    } else {
      merged.push_back({piece.text, token, piece.score});
    }
  }
  const TextMap<int32_t> symbols = FindSymbols(merged);
  for (const auto& [text, symbol] : symbols) {
    if (CharacterBytes(text[0]) == text.size()) starts.push_back({text, symbol});
  }
  pieces_ = ByteTrie(std::move(all));
  starts_ = ByteTrie(std::move(starts));
  merges_ = MergesByScore(merged, [&](std::string_view text) {
    const auto found = symbols.find(text);
    return found == symbols.end() ? -1 : found->second;
  });
}

TextMap<int32_t> PieceMerges::FindSymbols(std::span<const ScoredPiece> pieces) {
  TextMap<int32_t> symbols;
  for (const ScoredPiece& piece : pieces) symbols.emplace(piece.text, piece.token);
  for (const ScoredPiece& piece : pieces) {
    for (std::string_view rest = piece.text; !rest.empty();) {
      const std::string_view character = rest.substr(0, CharacterBytes(rest[0]));
      rest.remove_prefix(character.size());
      const auto next = loose_begin_ + static_cast<int32_t>(loose_.size());
      if (symbols.emplace(character, next).second) loose_.emplace_back(character);
    }
  }
  return symbols;
}

size_t PieceMerges::Apart(std::string_view text) const {
  size_t reach = 0, at = 0;
  do {
    reach = std::max(reach, at + pieces_.LongestAt(text.substr(at)).size);
    at += CharacterBytes(text[at]);
  } while (at < reach);
  return at;
}

bool PieceMerges::Encode(std::string_view word, const UnknownPieces& unknown, Memory& memory,
                         TokenWriter& out) const {
  std::vector<int32_t>& symbols = memory.symbols;
  symbols.clear();
  TokenWriter unmerged(unknown, symbols);
  while (!word.empty()) {
    const ByteTrie::Match start = starts_.LongestAt(word);
    const size_t size = start.value >= 0 ? start.size : CharacterBytes(word[0]);
    if (start.value >= 0) {
      symbols.push_back(start.value);
    } else {
      unmerged.PutUnknown(word.substr(0, size));
    }
    word.remove_prefix(size);
  }
  merges_.Apply(symbols, memory.merging);
  for (const int32_t symbol : symbols) {
    if (symbol >= loose_begin_) {
      out.PutUnknown(loose_[static_cast<size_t>(symbol - loose_begin_)]);
    } else if (unused_[static_cast<size_t>(symbol)]) {
      return false;
    } else {
      out.Put(symbol);
    }
  }
  return true;
}

}  // namespace upcycle
