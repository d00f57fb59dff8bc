#include "results/tables/markdown.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/utf8.h"
#include "results/tables/terminal_text.h"
#include "results/tables/writing_direction.h"

namespace upcycle {
namespace {

std::string Row(const Table& table, const std::vector<std::string>& texts,
                const std::vector<size_t>& widths) {
  std::string row = "|";
  for (size_t i = 0; i < texts.size(); ++i) {
    row += fmt::format(" {} |", Padded(texts[i], widths[i], IsRightAligned(table.columns[i])));
  }
  return row + "\n";
}

std::string Rule(const Table& table, const std::vector<size_t>& widths) {
  std::string rule = "|";
  for (size_t i = 0; i < widths.size(); ++i) {
    const bool right = IsRightAligned(table.columns[i]);
    const std::string dashes(widths[i], '-');
    rule += right ? fmt::format(" {}: |", dashes.substr(1)) : fmt::format(" {} |", dashes);
  }
  return rule + "\n";
}

std::string CellMarkdown(const Column& column, const Cell& cell) {
  const std::string text = EscapedMarkdown(CellText(column, cell));
  return cell.bold ? fmt::format("**{}**", text) : text;
}

// Whether the sign at `i` is markup where it stands: `_` within a word is none, nor is `&` that
// begins no entity. `~` strikes out and `$` begins a formula on GitHub.
bool IsMarkup(std::string_view text, size_t i) {
  const auto is_in_word = [&](size_t at) {
    return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
  };
  const auto begins_entity = [&] {
    size_t end = i + 1 + (text.substr(i + 1).starts_with('#') ? 1 : 0);
    while (is_in_word(end)) ++end;
    return text.substr(end).starts_with(';');
  };
  if (text[i] == '_') return i == 0 || !is_in_word(i - 1) || !is_in_word(i + 1);
  if (text[i] == '&') return begins_entity();
  return std::string_view("\\`*|<>[]~$").find(text[i]) != std::string_view::npos;
}

}  // namespace

std::string EscapedMarkdown(const std::string& text) {
  const std::string_view all = text;
  std::string escaped;
  for (size_t i = 0, bytes = 1; i < all.size(); i += bytes) {
    const DecodedCharacter character = DecodeCharacter(all.substr(i));
    bytes = std::max<size_t>(character.bytes, 1);
    if (IsMarkup(all, i)) escaped += '\\';
    if (TurnsDirection(character.code_point)) {
      escaped += "\uFFFD";
    } else if (IsControl(all[i])) {
      escaped += ' ';
    } else {
      escaped += all.substr(i, bytes);
    }
  }
  return escaped;
}

std::string ToMarkdown(const Table& table) {
  std::vector<std::vector<std::string>> lines = {{}};
  for (const Column& column : table.columns) lines[0].push_back(EscapedMarkdown(column.title));
  for (const auto& row : table.rows) {
    std::vector<std::string> line;
    for (size_t i = 0; i < row.size(); ++i) line.push_back(CellMarkdown(table.columns[i], row[i]));
    lines.push_back(std::move(line));
  }
  std::vector<size_t> widths(table.columns.size(), 3);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], ColumnsOf(line[i]));
  }
  std::string text = fmt::format("### {}\n\n", EscapedMarkdown(table.title));
  if (!table.command.empty()) text += fmt::format("<!-- {} -->\n\n", table.command);
  text += Row(table, lines[0], widths) + Rule(table, widths);
  for (size_t i = 1; i < lines.size(); ++i) text += Row(table, lines[i], widths);
  text += "\n";
  for (const std::string& note : table.notes) text += fmt::format("- {}\n", EscapedMarkdown(note));
  return text;
}

}  // namespace upcycle
