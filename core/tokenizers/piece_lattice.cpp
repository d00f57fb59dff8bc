#include "core/tokenizers/piece_lattice.h"

#include <algorithm>
#include <limits>

#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr float kUnknownPenalty = 10;

// A way that leads `end` bytes behind where `ends` begins. Of ways that are as good the first
// holds.
void Offer(size_t end, double score, int32_t token, size_t begin,
           std::vector<PieceLattice::End>& ends) {
  if (end >= ends.size()) ends.resize(end + 1);
  PieceLattice::End& best = ends[end];
  if (best.token < 0 || score > static_cast<double>(best.score)) {
    best = {static_cast<float>(score), token, begin};
  }
}

// The tokens of the best way to the last of the ends.
void Write(std::string_view text, const UnknownPieces& unknown, PieceLattice::Memory& memory,
           TokenWriter& out) {
  memory.path.clear();
  for (size_t end = text.size(); end > 0; end = memory.ends[end].begin) memory.path.push_back(end);
  while (!memory.path.empty()) {
    const size_t end = memory.path.back();
    const auto& [score, token, begin] = memory.ends[end];
    memory.path.pop_back();
    if (token == unknown.token) {
      out.PutUnknown(text.substr(begin, end - begin));
    } else {
      out.Put(token);
    }
  }
}

}  // namespace

PieceLattice::PieceLattice(const std::vector<Piece>& pieces) : scores_(pieces.size()) {
  float lowest = std::numeric_limits<float>::max(), highest = std::numeric_limits<float>::min();
  for (const Piece& piece : pieces) {
    if (piece.kind != PieceKind::kNormal) continue;
    lowest = std::min(lowest, piece.score);
    highest = std::max(highest, piece.score);
  }
  unknown_score_ = lowest - kUnknownPenalty;
  std::vector<ByteTrie::Entry> entries;
  for (size_t token = 0; token < pieces.size(); ++token) {
    const Piece& piece = pieces[token];
    if (!IsText(piece) || piece.kind == PieceKind::kUnused) continue;
    entries.push_back({piece.text, static_cast<int32_t>(token)});
    // The library means a user-defined piece to beat all others, with this formula.
    const float bonus = static_cast<float>(piece.text.size()) * highest;
    scores_[token] = piece.kind == PieceKind::kUserDefined ? static_cast<double>(bonus) - 0.1
                                                           : static_cast<double>(piece.score);
  }
  pieces_ = ByteTrie(std::move(entries));
}

// Offers all ways that go on from ends[begin], before `rest`, with one more piece.
void PieceLattice::Extend(std::string_view rest, size_t begin, int32_t unknown,
                          std::vector<End>& ends) const {
  const float score = ends[begin].score;
  const size_t character = CharacterBytes(rest[0]);
  bool known = false;
  ByteTrie::Node node = ByteTrie::kRoot;
  for (size_t i = 0; i < rest.size(); ++i) {
    node = pieces_.Step(node, rest[i]);
    if (node == ByteTrie::kNowhere) break;
    const int32_t token = pieces_.ValueAt(node);
    if (token < 0) continue;
    known = known || i + 1 == character;
    Offer(begin + i + 1, scores_[static_cast<size_t>(token)] + static_cast<double>(score), token,
          begin, ends);
  }
  if (!known) {
    const float sum = unknown_score_ + score;
    Offer(begin + character, static_cast<double>(sum), unknown, begin, ends);
  }
}

float PieceLattice::Encode(std::string_view word, float score, const UnknownPieces& unknown,
                           Memory& memory, TokenWriter& out) const {
  std::vector<End>& ends = memory.ends;
  ends.assign(1, {.score = score});
  for (size_t at = 0; !word.empty();) {
    Extend(word.substr(at), at, unknown.token, ends);
    at += CharacterBytes(word[at]);
    if (at + 1 < ends.size()) continue;
    // All ways go through here.
    Write(word.substr(0, at), unknown, memory, out);
    ends[0] = {.score = ends[at].score};
    ends.resize(1);
    word.remove_prefix(at);
    at = 0;
  }
  return ends[0].score;
}

}  // namespace upcycle
