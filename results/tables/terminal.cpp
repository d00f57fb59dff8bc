#include "results/tables/terminal.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

constexpr std::string_view kGap = "  ";

// The columns of each block: the first one, and as many of the others as fit beside it.
std::vector<std::vector<size_t>> Blocks(const std::vector<size_t>& widths, size_t limit) {
  std::vector<std::vector<size_t>> blocks = {{0}};
  size_t taken = widths[0];
  for (size_t i = 1; i < widths.size(); ++i) {
    const size_t more = kGap.size() + widths[i];
    if (limit > 0 && taken + more > limit && blocks.back().size() > 1) {
      blocks.push_back({0});
      taken = widths[0];
    }
    blocks.back().push_back(i);
    taken += more;
  }
  return blocks;
}

void TrimBlanks(std::string* line) { line->erase(line->find_last_not_of(' ') + 1); }

std::string BlockText(const Table& table, const std::vector<std::vector<std::string>>& texts,
                      const std::vector<size_t>& widths, const std::vector<size_t>& block,
                      bool color) {
  std::string header, rule, body;
  for (const size_t i : block) {
    const std::string_view gap = i == block.front() ? "" : kGap;
    header += fmt::format(
        "{}{}", gap, Padded(table.columns[i].title, widths[i], IsRightAligned(table.columns[i])));
    rule += fmt::format("{}{}", gap, std::string(widths[i], '-'));
  }
  TrimBlanks(&header);
  for (size_t r = 0; r < texts.size(); ++r) {
    std::string line;
    for (const size_t i : block) {
      const Cell& cell = table.rows[r][i];
      const std::string padded = Padded(texts[r][i], widths[i], IsRightAligned(table.columns[i]));
      line += fmt::format("{}{}", i == block.front() ? "" : kGap,
                          Emboldened(Colored(padded, cell.tone, color), cell.bold && color));
    }
    TrimBlanks(&line);
    body += line + "\n";
  }
  return fmt::format("{}\n{}\n{}", header, rule, body);
}

}  // namespace

std::string ToTerminal(const Table& table, const TerminalLayout& layout) {
  auto texts = CellTexts(table);
  for (size_t r = 0; r < texts.size(); ++r) {
    for (size_t i = 0; i < texts[r].size(); ++i) {
      const bool starred = table.rows[r][i].bold && !layout.color;
      texts[r][i] = (starred ? "*" : "") + Printable(texts[r][i]);
    }
  }
  const std::vector<size_t> widths = ColumnWidths(table, texts);
  std::string page = Printable(table.title) + "\n\n";
  for (const auto& block : Blocks(widths, layout.width)) {
    page += BlockText(table, texts, widths, block, layout.color) + "\n";
  }
  for (const std::string& note : table.notes) {
    page += Wrapped(Printable(note), layout.width, 2) + "\n";
  }
  return page;
}

}  // namespace upcycle
