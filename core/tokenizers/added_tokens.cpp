#include "core/tokenizers/added_tokens.h"

#include <algorithm>
#include <utility>

#include "core/tokenizers/limits.h"
#include "core/tokenizers/unicode.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

// As the regular expressions of Rust know a character of a word.
constexpr char kWordCharacter[] = R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}])";

std::string_view FirstCharacter(std::string_view text) {
  if (text.empty()) return text;
  return text.substr(0, std::max<size_t>(DecodeCharacter(text).bytes, 1));
}

std::string_view LastCharacter(std::string_view text) {
  if (text.empty()) return text;
  size_t begin = text.size() - 1;
  while (begin > 0 && ContinuesCharacter(text[begin])) --begin;
  return text.substr(begin);
}

bool IsSpace(std::string_view character) {
  return !character.empty() && IsWhitespace(DecodeCharacter(character).code_point);
}

size_t WithoutSpaceAtEnd(std::string_view text) {
  while (IsSpace(LastCharacter(text))) text.remove_suffix(LastCharacter(text).size());
  return text.size();
}

size_t SpaceAtBegin(std::string_view text) {
  const size_t size = text.size();
  while (IsSpace(FirstCharacter(text))) text.remove_prefix(FirstCharacter(text).size());
  return size - text.size();
}

}  // namespace

AddedToken ReadAddedToken(const JsonNode& node) {
  AddedToken token;
  token.id = static_cast<int32_t>(node["id"].Integer(0, kLargestToken));
  token.text = node["content"].String();
  token.special = node.BoolOr("special", false);
  token.single_word = node.BoolOr("single_word", false);
  token.left_strip = node.BoolOr("lstrip", false);
  token.right_strip = node.BoolOr("rstrip", false);
  token.normalized = node.BoolOr("normalized", !token.special);
  return token;
}

AddedTokenFinder::AddedTokenFinder(const std::vector<AddedToken>& tokens,
                                   const std::vector<std::string>& texts)
    : tokens_(tokens) {
  std::vector<ByteTrie::Entry> entries;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) continue;
    entries.push_back({texts[i], static_cast<int32_t>(i)});
    begins_[static_cast<unsigned char>(texts[i][0])] = true;
  }
  places_ = ByteTrie(std::move(entries));
  const bool words = std::ranges::any_of(tokens_, &AddedToken::single_word);
  if (words) word_character_.emplace(kWordCharacter);
}

bool AddedTokenFinder::IsSingleWord(std::string_view before, std::string_view behind) const {
  return !word_character_->Matches(LastCharacter(before)) &&
         !word_character_->Matches(FirstCharacter(behind));
}

void AddedTokenFinder::Split(std::string_view text, FunctionRef<void(const Part&)> take) const {
  if (text.empty()) return;
  if (tokens_.empty()) return take({text, -1, true});
  // No whitespace is looked at twice, or a long run of it would take quadratic time: a token takes
  // none that lies before `taken`, and `space_end` ends the run that the last one took.
  size_t taken = 0, space_end = 0;
  for (size_t at = 0; at < text.size();) {
    if (!begins_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const ByteTrie::Match match = places_.LongestAt(text.substr(at));
    if (match.value < 0) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + match.size;
    at = end;
    const AddedToken& token = tokens_[static_cast<size_t>(match.value)];
    if (token.single_word && !IsSingleWord(text.substr(0, begin), text.substr(end))) continue;
    if (token.left_strip) {
      const size_t open = std::max(begin, taken) - taken;
      begin = taken + WithoutSpaceAtEnd(text.substr(taken, open));
    }
    if (token.right_strip) {
      space_end = end < space_end ? space_end : end + SpaceAtBegin(text.substr(end));
      end = space_end;
    }
    if (taken < begin) take({text.substr(taken, begin - taken), -1, taken == 0});
    // Nothing is left of a token of whitespace that the one before it took along.
    if (begin < end) take({text.substr(begin, end - begin), token.id, begin == 0});
    taken = end;
  }
  if (taken < text.size()) take({text.substr(taken), -1, taken == 0});
}

}  // namespace upcycle
