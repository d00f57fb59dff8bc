#include "results/tables/html.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/check.h"
#include "core/utf8.h"
#include "results/tables/number_text.h"
#include "results/tables/xml_text.h"

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

// How a table's cells are written: their texts, and which columns stand to the right.
class TableWriter {
 public:
  TableWriter(const Table& table, const HtmlTableStyle& style)
      : table_(table), style_(style), texts_(CellTexts(table)), spreads_(table.columns.size()) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      is_number_.push_back(IsRightAligned(table.columns[i]) || HasNumbersAlone(i));
      for (const auto& line : texts_) {
        spreads_[i] = std::max(spreads_[i], CountCharacters(SpreadOf(line[i])));
      }
    }
  }

  std::string Write() const {
    std::string html =
        style_.id.empty() ? "<table>\n" : fmt::format("<table id=\"{}\">\n", XmlText(style_.id));
    html += fmt::format("<caption>{}</caption>\n<thead>\n<tr>", XmlText(table_.title));
    for (size_t i = 0; i < table_.columns.size(); ++i) {
      html += fmt::format("<th scope=\"col\"{}>{}</th>", Classes(i, Tone::kPlain),
                          TitleHtml(table_.columns[i].title));
    }
    html += "</tr>\n</thead>\n<tbody>\n";
    for (size_t row = 0; row < table_.rows.size(); ++row) html += Row(row);
    return html + "</tbody>\n</table>\n";
  }

 private:
  // "4", "3/4" and settings such as 0.25 are texts that are read as numbers are.
  bool HasNumbersAlone(size_t column) const {
    if (column < style_.names) return false;
    bool has_number = false;
    for (const auto& line : texts_) {
      const std::string& text = line[column];
      if (text == kNotAvailable) continue;
      const size_t slash = text.find('/');
      const bool is_share = slash != std::string::npos && NumberIn(text.substr(slash + 1));
      if (!NumberIn(is_share ? text.substr(0, slash) : text)) return false;
      has_number = true;
    }
    return has_number;
  }

  std::string TitleHtml(const std::string& title) const {
    const std::string text = XmlText(title);
    if (!style_.spreads_apart) return text;
    std::string html;
    for (const char c : text) {
      html += c;
      if (c == '/' || c == '.' || c == '_') html += "<wbr>";
    }
    return html;
  }

  // ` class="number good"`, or nothing.
  std::string Classes(size_t column, Tone tone) const {
    std::string classes = is_number_[column] ? "number" : "";
    const std::string_view of_tone = ClassOf(tone);
    if (!classes.empty() && !of_tone.empty()) classes += ' ';
    classes += of_tone;
    return classes.empty() ? "" : fmt::format(" class=\"{}\"", classes);
  }

  // " ± 0.0040" of "0.7237 ± 0.0040"; empty where there is none, or it is written in one.
  std::string_view SpreadOf(std::string_view text) const {
    const size_t place = style_.spreads_apart ? text.find(" ±") : text.npos;
    return place == text.npos ? std::string_view() : text.substr(place);
  }

  std::string CellHtml(size_t row, size_t column) const {
    const std::string_view text = texts_[row][column];
    const std::string_view spread = SpreadOf(text);
    std::string html = XmlText(text.substr(0, text.size() - spread.size()));
    if (table_.rows[row][column].bold)
      html = fmt::format("<strong>{}</strong>", html + XmlText(spread));
    else if (!spread.empty()) {
      html += fmt::format("<span class=\"s{}\">{}</span>", spreads_[column], XmlText(spread));
    }
    const std::string target = style_.link ? style_.link(row, column) : "";
    return target.empty() ? html : fmt::format("<a href=\"#{}\">{}</a>", XmlText(target), html);
  }

  std::string Row(size_t row) const {
    std::string html = "<tr>";
    for (size_t i = 0; i < table_.columns.size(); ++i) {
      const std::string classes = Classes(i, table_.rows[row][i].tone);
      html += i < style_.names
                  ? fmt::format("<th scope=\"row\"{}>{}</th>", classes, CellHtml(row, i))
                  : fmt::format("<td{}>{}</td>", classes, CellHtml(row, i));
    }
    return html + "</tr>\n";
  }

  const Table& table_;
  const HtmlTableStyle& style_;
  const std::vector<std::vector<std::string>> texts_;
  std::vector<size_t> spreads_;  // of each column, characters of the widest
  std::vector<bool> is_number_;
};

}  // namespace

std::string HtmlTable(const Table& table, const HtmlTableStyle& style) {
  return TableWriter(table, style).Write();
}

std::string ToHtmlFragment(const Table& table) {
  const std::string title = XmlText(table.title);
  std::string html = "<section class=\"upcycle-table\">\n";
  if (!table.command.empty()) html += fmt::format("<!-- {} --format html -->\n", table.command);
  html += fmt::format(
      "{}<div class=\"wide\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n{}</div>\n", kStyle,
      title, HtmlTable(table));
  if (!table.notes.empty()) {
    html += "<ul>\n";
    for (const std::string& note : table.notes) {
      html += fmt::format("<li>{}</li>\n", XmlText(note));
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
      XmlText(tables.front().title), sections);
}

}  // namespace upcycle
