#include "results/report/html.h"

#include <utility>

#include <fmt/format.h>

#include "results/plots/svg_page.h"

namespace upcycle::html {
namespace {

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

// The attribute of a cell's classes, or nothing.
std::string Classes(const Column& column, Tone tone) {
  const std::string_view number = IsRightAligned(column) ? "number" : "";
  const std::string_view its = ClassOf(tone);
  if (number.empty() && its.empty()) return "";
  return fmt::format(" class=\"{}{}{}\"", number, number.empty() || its.empty() ? "" : " ", its);
}

std::string Linked(std::string text, const std::string& target) {
  if (target.empty()) return text;
  return fmt::format("<a href=\"#{}\">{}</a>", Text(target), text);
}

std::string HeadOf(const Table& table) {
  std::string head = "<thead><tr>";
  for (const Column& column : table.columns) {
    head += fmt::format("<th scope=\"col\"{}>{}</th>", Classes(column, Tone::kPlain),
                        Text(column.title));
  }
  return head + "</tr></thead>\n";
}

std::string RowOf(const Table& table, size_t row, const TableStyle& style) {
  std::string line = "<tr>";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Cell& cell = table.rows[row][i];
    const std::string target = style.link ? style.link(row, i) : "";
    const std::string text = Linked(Text(CellText(table.columns[i], cell)), target);
    const std::string classes = Classes(table.columns[i], cell.tone);
    line += i < style.names ? fmt::format("<th scope=\"row\"{}>{}</th>", classes, text)
                            : fmt::format("<td{}>{}</td>", classes, text);
  }
  return line + "</tr>\n";
}

}  // namespace

std::string Text(std::string_view text) { return XmlText(text); }

std::string Paragraph(std::string_view text) { return fmt::format("<p>{}</p>\n", Text(text)); }

std::string Heading(std::string_view text) { return fmt::format("<h3>{}</h3>\n", Text(text)); }

std::string Code(std::string_view text) { return fmt::format("<code>{}</code>", Text(text)); }

std::string Block(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines += Text(text.substr(0, end)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return fmt::format("<pre tabindex=\"0\">{}</pre>\n", lines);
}

std::string List(const std::vector<std::string>& items) {
  std::string list = "<ul>\n";
  for (const std::string& item : items) list += "<li>" + item + "</li>\n";
  return list + "</ul>\n";
}

std::string Details(std::string_view summary, std::string_view body) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", Text(summary), body);
}

Table EmptyTable(std::string title, std::vector<Column> columns) {
  Table table;
  table.title = std::move(title);
  table.columns = std::move(columns);
  return table;
}

std::string TableOf(const Table& table, const TableStyle& style) {
  const std::string id = style.id.empty() ? "" : fmt::format(" id=\"{}\"", Text(style.id));
  std::string text = fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\">\n"
      "<table{1}>\n<caption>{0}</caption>\n",
      Text(table.title), id);
  text += HeadOf(table) + "<tbody>\n";
  for (size_t row = 0; row < table.rows.size(); ++row) text += RowOf(table, row, style);
  text += "</tbody></table></div>\n";
  if (!style.notes || table.notes.empty()) return text;
  std::vector<std::string> notes;
  for (const std::string& note : table.notes) notes.push_back(Text(note));
  return text + "<div class=\"notes\">" + List(notes) + "</div>\n";
}

}  // namespace upcycle::html
