#include "results/tables/latex.h"

#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/utf8.h"
#include "results/tables/number_text.h"

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

}  // namespace

std::string LatexEscaped(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    size_t taken = 1;
    std::string_view replacement = text.substr(0, 1);
    if (IsControl(text[0])) replacement = " ";
    if (text.starts_with("--")) replacement = "-{}";  // two hyphens would become a dash
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
  std::string alignment;
  std::vector<std::string> titles;
  for (const Column& column : table.columns) {
    alignment += IsRightAligned(column) ? 'r' : 'l';
    titles.push_back(LatexEscaped(column.title));
  }
  std::string text;
  if (!table.command.empty()) text = fmt::format("% {} --format latex\n", table.command);
  text += fmt::format(
      "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n\\centering\n\\caption{{{}}}\n"
      "\\begin{{tabular}}{{@{{}}{}@{{}}}}\n\\toprule\n{}\\midrule\n",
      LatexEscaped(table.title), alignment, Row(titles));
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < row.size(); ++i) cells.push_back(CellLatex(table.columns[i], row[i]));
    text += Row(cells);
  }
  text +=
      "\\bottomrule\n\\end{tabular}\n\n\\medskip\n\\begin{minipage}{\\linewidth}\n\\footnotesize\n";
  for (const std::string& note : table.notes) text += LatexEscaped(note) + "\\par\n";
  return text + "\\end{minipage}\n\\end{table}\n";
}

}  // namespace upcycle
