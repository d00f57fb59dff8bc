#include "core/tokenizers/piece_normalizer.h"

#include <algorithm>
#include <vector>

#include "core/tokenizers/bpe_text.h"
#include "core/tokenizers/unicode.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr unsigned char kAsciiEnd = 0x80;

bool IsAscii(char byte) { return static_cast<unsigned char>(byte) < kAsciiEnd; }

ByteTrie UserDefined(const std::vector<Piece>& pieces) {
  std::vector<ByteTrie::Entry> kept;
  for (const Piece& piece : pieces) {
    if (piece.kind == PieceKind::kUserDefined) kept.push_back({piece.text, 0});
  }
  return ByteTrie(std::move(kept));
}

}  // namespace

PieceNormalizer::PieceNormalizer(const PieceModel& model)
    : kept_(UserDefined(model.pieces)),
      map_(model.character_map),
      space_(model.escapes_spaces ? kEscapedSpace : " "),
      puts_before_(model.puts_space_before && !model.spaces_end_words),
      puts_behind_(model.puts_space_before && model.spaces_end_words),
      drops_extra_(model.drops_extra_spaces) {
  for (unsigned char byte = 0; byte < kAsciiEnd; ++byte) plain_[byte] = IsPlain(byte);
}

bool PieceNormalizer::IsPlain(unsigned char byte) const {
  std::string text(1, static_cast<char>(byte));
  if (kept_.Step(ByteTrie::kRoot, text[0]) != ByteTrie::kNowhere) return false;
  if (map_.LongestAt(text).size > 0) return false;
  text += '\0';
  for (; IsAscii(text[1]); ++text[1]) {
    if (map_.HasRulesFrom(text)) return false;
  }
  return true;
}

PieceNormalizer::Step PieceNormalizer::FirstStep(std::string_view text) const {
  if (const size_t size = kept_.LongestAt(text).size; size > 0) return {size, text.substr(0, size)};
  const CharacterMap::Rule rule = map_.LongestAt(text);
  if (rule.size > 0) return {rule.size, rule.replacement};
  const size_t size = DecodeCharacter(text).bytes;
  if (size == 0) return {1, kReplacementCharacter};
  return {size, text.substr(0, size)};
}

void PieceNormalizer::Normalize(size_t bytes, Progress& progress, std::string& out) const {
  if (!progress.begun) Begin(progress, out);
  if (progress.rest.empty()) return;
  const size_t end = progress.rest.size() - std::min(bytes, progress.rest.size());
  while (progress.rest.size() > end) {
    PutPlain(progress.rest.size() - end, progress, out);
    if (progress.rest.size() > end) PutNext(progress, out);
  }
  if (progress.rest.empty()) Finish(out);
}

void PieceNormalizer::Begin(Progress& progress, std::string& out) const {
  progress.begun = true;
  progress.after_space = drops_extra_;
  while (drops_extra_ && !progress.rest.empty()) {
    const Step step = FirstStep(progress.rest);
    if (step.text != " ") break;
    progress.rest.remove_prefix(step.bytes);
  }
  if (puts_before_ && !progress.rest.empty()) out += space_;
}

// Most of most texts.
void PieceNormalizer::PutPlain(size_t bytes, Progress& progress, std::string& out) const {
  std::string_view& rest = progress.rest;
  size_t end = 0;
  while (end < bytes && plain_[static_cast<unsigned char>(rest[end])]) ++end;
  if (end > 0 && end < rest.size() && !IsAscii(rest[end])) --end;
  const std::string_view plain = rest.substr(0, end);
  for (size_t at = 0; at < end;) {
    const size_t space = std::min(plain.find(' ', at), end);
    if (space > at) {
      out += plain.substr(at, space - at);
      progress.after_space = false;
    }
    if (space < end && !progress.after_space) {
      out += space_;
      progress.after_space = drops_extra_;
    }
    at = space + 1;
  }
  rest.remove_prefix(end);
}

void PieceNormalizer::PutNext(Progress& progress, std::string& out) const {
  auto [bytes, text] = FirstStep(progress.rest);
  progress.rest.remove_prefix(bytes);
  while (progress.after_space && text.starts_with(' ')) text.remove_prefix(1);
  if (text.empty()) return;
  for (const char byte : text) {
    if (byte == ' ') {
      out += space_;
    } else {
      out += byte;
    }
  }
  progress.after_space = drops_extra_ && text.ends_with(' ');
}

void PieceNormalizer::Finish(std::string& out) const {
  while (drops_extra_ && out.ends_with(space_)) out.resize(out.size() - space_.size());
  if (puts_behind_) out += space_;
}

}  // namespace upcycle
