#include "results/tables/latex.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/utf8.h"
#include "results/tables/number_text.h"
#include "results/tables/writing_direction.h"

namespace upcycle {
namespace {

// Brackets and stars are wrapped because `\\` before them would take them for its argument.
constexpr std::array<std::pair<std::string_view, std::string_view>, 23> kCommands = {{
    {"−", "$-$"},
    {"±", "$\\pm$"},
    {"–", "--"},
    {"×", "$\\times$"},
    {"·", "$\\cdot$"},
    {"≤", "$\\le$"},
    {"≥", "$\\ge$"},
    {"\\", "\\textbackslash{}"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"[", "{[}"},
    {"]", "{]}"},
    {"*", "{*}"},
}};

// Signs that LaTeX would draw as one: a dash, quotes, ¿ and ¡.
constexpr std::array<std::string_view, 6> kLigatures = {"--", "``", "''", ",,", "?`", "!`"};

std::string PlainCell(const Column& column, const Cell& cell) {
  if (column.notation == Notation::kScientific && std::isfinite(cell.value) && cell.value > 0) {
    const Scientific parts = ScientificParts(cell.value);
    return fmt::format("${} \\times 10^{{{}}}$", parts.mantissa, parts.exponent);
  }
  return LatexEscaped(CellText(column, cell));
}

std::string CellLatex(const Column& column, const Cell& cell) {
  const std::string text = PlainCell(column, cell);
  return cell.bold ? fmt::format("{{\\bfseries\\boldmath {}}}", text) : text;
}

std::string Row(const std::vector<std::string>& cells) {
  return fmt::format("{} \\\\\n", fmt::join(cells, " & "));
}

// Whether the text has letters that pdflatex cannot set: it knows Latin ones and their punctuation.
bool HasLettersBeyondLatin(std::string_view text) {
  while (!text.empty()) {
    const DecodedCharacter character = DecodeCharacter(text);
    const bool punctuation = character.code_point >= 0x2010 && character.code_point <= 0x2026;
    if (character.code_point > 0x17F && !punctuation) return true;
    text.remove_prefix(std::max<size_t>(character.bytes, 1));
  }
  return false;
}

std::string TabularOf(const Table& table) {
  std::string alignment;
  std::vector<std::string> titles;
  for (const Column& column : table.columns) {
    alignment += IsRightAligned(column) ? 'r' : 'l';
    titles.push_back(LatexEscaped(column.title));
  }
  std::string text = fmt::format("\\begin{{tabular}}{{@{{}}{}@{{}}}}\n\\toprule\n{}\\midrule\n",
                                 alignment, Row(titles));
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < row.size(); ++i) cells.push_back(CellLatex(table.columns[i], row[i]));
    text += Row(cells);
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace

std::string LatexEscaped(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    size_t taken = 1;
    std::string replacement(IsControl(text[0]) ? " " : text.substr(0, 1));
    const DecodedCharacter character = DecodeCharacter(text);
    if (TurnsDirection(character.code_point)) {
      replacement.assign(1, '?');  // pdflatex has no sign for what cannot be shown
      taken = character.bytes;
    }
    const auto begins = [&](std::string_view signs) { return text.starts_with(signs); };
    if (std::ranges::any_of(kLigatures, begins)) replacement += "{}";
    for (const auto& [sign, command] : kCommands) {
      if (!text.starts_with(sign)) continue;
      replacement = command;
      taken = sign.size();
      break;
    }
    escaped += replacement;
    text.remove_prefix(taken);
  }
  return escaped;
}

std::string ToLatex(const Table& table) {
  std::string body = fmt::format(
      "\\begin{{table}}\n\\centering\n\\caption{{{}}}\n{}\n\\medskip\n"
      "\\begin{{minipage}}{{\\linewidth}}\n\\footnotesize\n",
      LatexEscaped(table.title), TabularOf(table));
  for (const std::string& note : table.notes) body += LatexEscaped(note) + "\\par\n";
  body += "\\end{minipage}\n\\end{table}\n";
  std::string head;
  if (!table.command.empty()) head = fmt::format("% {} --format latex\n", table.command);
  head += "% needs \\usepackage{booktabs}\n";
  if (HasLettersBeyondLatin(body))
    head += "% needs lualatex, and a font that has all its letters\n";
  return head + body;
}

}  // namespace upcycle
