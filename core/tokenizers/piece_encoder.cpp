#include "core/tokenizers/piece_encoder.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/tokenizers/limits.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

// Whether we read the piece as the library does, which ends texts at a NUL here and there.
bool IsSound(const Piece& piece) {
  const std::string_view text = piece.text;
  if (!IsText(piece)) return true;
  return !text.empty() && ValidUtf8Prefix(text) == text.size() && text.find('\0') == text.npos &&
         text.size() <= kLongestPiece && !std::isnan(piece.score);
}

// Whether merging may end in the text of a token that stands for none, or for a byte.
bool MergesIntoNames(const std::vector<Piece>& pieces) {
  std::set<std::string_view> names;
  for (const Piece& piece : pieces) {
    if (!IsText(piece)) names.insert(piece.text);
  }
  const auto is_name = [&](std::string_view text) { return names.contains(text); };
  return std::ranges::any_of(pieces, [&](const Piece& piece) {
    const bool one_character =
        !piece.text.empty() && CharacterBytes(piece.text[0]) >= piece.text.size();
    return IsText(piece) ? is_name(piece.text) : one_character;
  });
}

bool CanEncode(const PieceModel& model) {
  constexpr size_t kCodePoints = 0x110000;
  if (model.pieces.size() + kCodePoints > kLargestToken) return false;
  if (!std::ranges::all_of(model.pieces, IsSound)) return false;
  if (model.kind == PieceModel::Kind::kBpe) return !MergesIntoNames(model.pieces);
  return model.kind == PieceModel::Kind::kUnigram;
}

UnknownPieces UnknownOf(const std::vector<Piece>& pieces) {
  UnknownPieces unknown;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const auto token = static_cast<int32_t>(i);
    if (pieces[i].kind == PieceKind::kUnknown) unknown.token = token;
    if (pieces[i].kind != PieceKind::kByte) continue;
    if (!unknown.bytes) unknown.bytes.emplace();
    (*unknown.bytes)[ByteOf(pieces[i])] = token;
  }
  return unknown;
}

}  // namespace

std::unique_ptr<const PieceEncoder> PieceEncoder::For(const PieceModel& model) {
  PieceNormalizer normalizer(model);
  if (!CanEncode(model)) return nullptr;
  return std::unique_ptr<const PieceEncoder>(new PieceEncoder(model, std::move(normalizer)));
}

PieceEncoder::PieceEncoder(const PieceModel& model, PieceNormalizer normalizer)
    : normalizer_(std::move(normalizer)),
      cuts_words_(StayWithinWords(model.pieces)),
      unknown_(UnknownOf(model.pieces)),
      model_(model.kind == PieceModel::Kind::kBpe ? Model(PieceMerges(model.pieces))
                                                  : Model(PieceLattice(model.pieces))) {}

bool PieceEncoder::Encode(std::string_view text, PieceMemory& memory,
                          std::vector<int32_t>& out) const {
  const size_t begin = out.size();
  PieceWords words(normalizer_, cuts_words_, text, memory.normalized);
  TokenWriter writer(unknown_, out);
  float score = 0;
  for (std::string_view word = words.Next(); !word.empty(); word = words.Next()) {
    if (const auto* lattice = std::get_if<PieceLattice>(&model_)) {
      score = lattice->Encode(word, score, unknown_, memory.lattice, writer);
    } else if (!MergeWord(std::get<PieceMerges>(model_), word, memory, writer)) {
      out.resize(begin);
      return false;
    }
  }
  return true;
}

bool PieceEncoder::MergeWord(const PieceMerges& merges, std::string_view word, PieceMemory& memory,
                             TokenWriter& out) const {
  while (!word.empty()) {
    // Of a long word parts may be known.
    const bool whole = word.size() <= WordCache::kLongestWord;
    const std::string_view part = word.substr(0, whole ? word.size() : merges.Apart(word));
    word.remove_prefix(part.size());
    if (!MergePart(merges, part, memory, out)) return false;
  }
  return true;
}

bool PieceEncoder::MergePart(const PieceMerges& merges, std::string_view part, PieceMemory& memory,
                             TokenWriter& out) const {
  const WordCache::Found known = memory.words.Find(part);
  if (known.tokens != nullptr) {
    out.Put({known.tokens, known.count});
    return true;
  }
  memory.tokens.clear();
  TokenWriter writer(unknown_, memory.tokens);
  if (!merges.Encode(part, unknown_, memory.merging, writer)) return false;
  memory.words.Store(part, memory.tokens);
  out.Put(memory.tokens);
  return true;
}

}  // namespace upcycle
