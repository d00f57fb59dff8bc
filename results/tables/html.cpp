#include "results/tables/html.h"

#include <vector>

#include <fmt/format.h>

#include "core/check.h"
#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

// Colours have a contrast of at least 4.5 to 1 on the ground they stand on, in light and dark.
constexpr const char* kStyle = R"css(<style>
.upcycle-table {
  --ground: #ffffff; --ink: #1c1c1e; --faint: #66666b; --line: #d4d4d8; --band: #f5f5f7;
  --good: #0b6b2e; --bad: #a61b1b;
  color-scheme: light dark; background: var(--ground); color: var(--ink); padding: 1rem;
  max-width: max-content; font: 0.9375rem/1.5 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  .upcycle-table {
    --ground: #161618; --ink: #ececf0; --faint: #a0a0a8; --line: #3c3c42; --band: #202024;
    --good: #6fd08c; --bad: #ff9a91;
  }
}
.upcycle-table caption {
  font-size: 1.0625rem; font-weight: 600; text-align: left; padding-bottom: 0.75rem;
  position: sticky; left: 0; max-width: calc(100vw - 2rem);
}
.upcycle-table .wide { overflow-x: auto; }
.upcycle-table table { border-collapse: separate; border-spacing: 0; }
.upcycle-table th, .upcycle-table td {
  padding: 0.3rem 0.75rem; text-align: left; white-space: nowrap; font-weight: 400;
  border-bottom: 1px solid var(--line);
}
.upcycle-table thead th {
  font-weight: 600; vertical-align: bottom; border-top: 2px solid var(--ink);
  border-bottom: 1px solid var(--ink);
}
.upcycle-table tbody tr:last-child > * { border-bottom: 2px solid var(--ink); }
.upcycle-table tbody tr:nth-child(even) > * { background: var(--band); }
.upcycle-table tr > :first-child {
  position: sticky; left: 0; background: var(--ground);
}
@media (max-width: 40rem) {
  .upcycle-table tr > :first-child { white-space: normal; min-width: 6rem; }
}
.upcycle-table .number { text-align: right; font-variant-numeric: tabular-nums; }
.upcycle-table .good { color: var(--good); }
.upcycle-table .bad { color: var(--bad); }
.upcycle-table .faint { color: var(--faint); }
.upcycle-table strong { font-weight: 700; }
.upcycle-table ul {
  margin: 0.75rem 0 0; padding-left: 1.1rem; max-width: 65rem; color: var(--faint);
  font-size: 0.8125rem; overflow-wrap: anywhere;
}
</style>
)css";

std::string_view ClassOf(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kGood:
      return "good";
    case Tone::kBad:
      return "bad";
    case Tone::kFaint:
      return "faint";
  }
  return "";
}

// ` class="number good"`, or nothing.
std::string Classes(const Column& column, Tone tone) {
  std::string classes = IsRightAligned(column) ? "number" : "";
  const std::string_view of_tone = ClassOf(tone);
  if (!classes.empty() && !of_tone.empty()) classes += ' ';
  classes += of_tone;
  return classes.empty() ? "" : fmt::format(" class=\"{}\"", classes);
}

std::string HeadHtml(const Table& table) {
  std::string head = "<thead>\n<tr>";
  for (const Column& column : table.columns) {
    head += fmt::format("<th scope=\"col\"{}>{}</th>", Classes(column, Tone::kPlain),
                        HtmlEscaped(column.title));
  }
  return head + "</tr>\n</thead>\n";
}

std::string RowHtml(const Table& table, const std::vector<Cell>& row) {
  std::string html = "<tr>";
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string text = HtmlEscaped(CellText(table.columns[i], row[i]));
    const std::string shown = row[i].bold ? fmt::format("<strong>{}</strong>", text) : text;
    const std::string classes = Classes(table.columns[i], row[i].tone);
    html += i == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", classes, shown)
                   : fmt::format("<td{}>{}</td>", classes, shown);
  }
  return html + "</tr>\n";
}

}  // namespace

std::string HtmlEscaped(const std::string& text) {
  std::string escaped;
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string ToHtmlFragment(const Table& table) {
  const std::string title = HtmlEscaped(table.title);
  std::string html = "<section class=\"upcycle-table\">\n";
  if (!table.command.empty()) html += fmt::format("<!-- {} --format html -->\n", table.command);
  html += fmt::format(
      "{}<div class=\"wide\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n"
      "<table>\n<caption>{}</caption>\n{}<tbody>\n",
      kStyle, title, title, HeadHtml(table));
  for (const auto& row : table.rows) html += RowHtml(table, row);
  html += "</tbody>\n</table>\n</div>\n";
  if (!table.notes.empty()) {
    html += "<ul>\n";
    for (const std::string& note : table.notes) {
      html += fmt::format("<li>{}</li>\n", HtmlEscaped(note));
    }
    html += "</ul>\n";
  }
  return html + "</section>\n";
}

std::string ToHtml(const std::vector<Table>& tables) {
  UPCYCLE_CHECK(!tables.empty());
  std::string sections;
  for (const Table& table : tables) sections += ToHtmlFragment(table);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n"
      "<style>\nbody {{ margin: 0; }}\n@media (prefers-color-scheme: dark) {{ body {{ background: "
      "#161618; }} }}\n</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
      HtmlEscaped(tables.front().title), sections);
}

}  // namespace upcycle
