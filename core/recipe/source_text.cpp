#include "core/recipe/source_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/utf8.h"

namespace upcycle {
namespace {

// What a recipe may not contain at its beginning.
bool IsUnwanted(std::string_view text) {
  if (text[0] == '\t' || text[0] == '\n') return false;
  return IsControl(text[0]) && !text.starts_with("\r\n");
}

}  // namespace

std::string Place::ToString() const {
  if (source == nullptr) return "recipe";
  if (source->is_override) return source->name;
  return fmt::format("{}:{}:{}", source->name, line, column);
}

LineMap::LineMap(const SourceText& source) : source_(source) {
  for (size_t i = 0; i < source.text.size(); ++i) {
    if (source.text[i] == '\n') begins_.push_back(i + 1);
  }
}

Place LineMap::At(size_t offset) const {
  const auto after = std::upper_bound(begins_.begin(), begins_.end(), offset);
  const size_t begin = *(after - 1);
  const std::string_view before = std::string_view(source_.text).substr(begin, offset - begin);
  return {&source_, static_cast<int>(after - begins_.begin()),
          static_cast<int>(CountCharacters(before)) + 1};
}

Place LineMap::At(int line, int column) const {
  const size_t row = std::min<size_t>(std::max(line, 0), begins_.size() - 1);
  return At(std::min(begins_[row] + std::max(column, 0), source_.text.size()));
}

size_t FindUnreadable(std::string_view text) {
  const size_t valid = ValidUtf8Prefix(text);
  for (size_t i = 0; i < valid; ++i) {
    if (IsUnwanted(text.substr(i))) return i;
  }
  return valid;
}

bool IsQuoteClosed(std::string_view text, size_t open) {
  const char quote = text[open];
  for (size_t i = open + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) return true;
      ++i;
    }
  }
  return false;
}

bool IsBracketClosed(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '{') ++depth;
    if ((text[i] == ']' || text[i] == '}') && --depth == 0) return true;
  }
  return false;
}

std::optional<size_t> FindIndentingTab(std::string_view text, int lines) {
  size_t begin = 0;
  for (int line = 0; line < lines && begin < text.size(); ++line) {
    const size_t first = text.find_first_not_of(' ', begin);
    if (first != std::string_view::npos && text[first] == '\t') return first;
    const size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace upcycle
