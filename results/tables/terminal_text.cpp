#include "results/tables/terminal_text.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <utf8proc.h>

#include "core/utf8.h"
#include "results/tables/writing_direction.h"

namespace upcycle {
namespace {

std::string_view EscapeOf(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kBad:
      return "\x1b[31m";
    case Tone::kFaint:
      return "\x1b[2m";
  }
  return "";
}

// "C1" of ISO 6429: 0x9B begins an escape as ESC [ does.
bool IsControlOfEightBits(uint32_t code_point) { return code_point >= 0x80 && code_point <= 0x9F; }

size_t ColumnsOf(const DecodedCharacter& character) {
  const int columns = utf8proc_charwidth(static_cast<utf8proc_int32_t>(character.code_point));
  return static_cast<size_t>(std::max(columns, 0));
}

bool IsUnseen(const DecodedCharacter& character) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(character.code_point)) ==
         UTF8PROC_CATEGORY_CF;
}

}  // namespace

std::string Printable(const std::string& text) {
  constexpr std::string_view kNotACharacter = "\uFFFD";
  std::string printable;
  printable.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const DecodedCharacter character = DecodeCharacter(rest);
    const std::string_view bytes = rest.substr(0, std::max<size_t>(character.bytes, 1));
    if (character.bytes == 0 || TurnsDirection(character.code_point)) {
      printable += kNotACharacter;
    } else if (IsControl(bytes.front()) || IsControlOfEightBits(character.code_point)) {
      printable += ' ';
    } else {
      printable += bytes;
    }
    rest.remove_prefix(bytes.size());
  }
  return printable;
}

size_t ColumnsOf(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const DecodedCharacter character = DecodeCharacter(text);
    if (character.bytes > 0) columns += ColumnsOf(character);
    text.remove_prefix(std::max<size_t>(character.bytes, 1));
  }
  return columns;
}

std::string CutToColumns(std::string_view text, size_t columns) {
  std::string seen, cut;  // all of it; what there is room for beside …
  size_t taken = 0;
  while (!text.empty()) {
    const DecodedCharacter character = DecodeCharacter(text);
    const std::string_view bytes = text.substr(0, std::max<size_t>(character.bytes, 1));
    text.remove_prefix(bytes.size());
    if (character.bytes == 0 || IsUnseen(character)) continue;
    taken += ColumnsOf(character);
    if (taken > columns) return columns == 0 ? "" : cut + "…";
    seen += bytes;
    if (taken < columns) cut = seen;
  }
  return seen;
}

std::string Colored(const std::string& text, Tone tone, bool color) {
  if (!color || tone == Tone::kPlain) return text;
  return fmt::format("{}{}\x1b[0m", EscapeOf(tone), text);
}

std::string Emboldened(const std::string& text, bool bold) {
  return bold ? fmt::format("\x1b[1m{}\x1b[0m", text) : text;
}

std::string Wrapped(const std::string& text, size_t width, size_t indent, size_t begin) {
  std::string lines, line;
  size_t column = begin;  // in which the line begins
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    const size_t columns = column + ColumnsOf(line) + 1 + ColumnsOf(word);
    if (width > 0 && !line.empty() && columns > width) {
      lines += line + "\n" + std::string(indent, ' ');
      line = word;
      column = indent;
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
    at = end + 1;
  }
  return lines + line;
}

}  // namespace upcycle
