// The text that a recipe is written in, places in it, and what can be said about it without
// parsing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

// Where text came from: a file, or one `--set` of the command line.
struct SourceText {
  std::string name;  // as messages show it: "recipes/a.yaml", "--set moe.top_k=3"
  std::string text;
  std::filesystem::path directory;  // absolute; what relative paths in it are relative to
  int order = 0;                    // messages are sorted by it
  bool is_override = false;         // of the command line: has no lines
};

// Lines and columns count from 1, columns in characters. The source must outlive the place.
struct Place {
  const SourceText* source = nullptr;
  int line = 1;
  int column = 1;

  // The place `characters` further to the right.
  Place After(size_t characters) const {
    return {source, line, column + static_cast<int>(characters)};
  }
  std::string ToString() const;  // "file:line:column", or the override's own name
  bool operator==(const Place&) const = default;
};

// Turns offsets in a text into places; both must outlive it.
class LineMap {
 public:
  explicit LineMap(const SourceText& source);

  Place At(size_t offset) const;
  // Line and column count from 0, the column in bytes; what lies outside is the nearest inside.
  Place At(int line, int column) const;

 private:
  const SourceText& source_;
  std::vector<size_t> begins_ = {0};  // of lines
};

// The first byte that is not part of valid UTF-8, or is a control character other than tab, line
// feed and a carriage return before a line feed; text.size() if there is none.
size_t FindUnreadable(std::string_view text);

// Whether the quote at an offset is closed before the end of the text.
bool IsQuoteClosed(std::string_view text, size_t open);

// Whether the bracket at an offset is closed; brackets in quotes and comments count as well.
bool IsBracketClosed(std::string_view text, size_t open);

// The first tab that indents one of the first lines.
std::optional<size_t> FindIndentingTab(std::string_view text, int lines);

}  // namespace upcycle
