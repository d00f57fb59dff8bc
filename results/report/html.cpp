#include "results/report/html.h"

#include <utility>

#include <fmt/format.h>

#include "results/tables/html.h"
#include "results/tables/xml_text.h"

namespace upcycle::html {
namespace {

// Room for every label that notes begin with (NoteLabels): a longer first sentence is no topic.
constexpr size_t kLongestTopic = 24;
constexpr size_t kManyColumns = 10;  // a page that stands upright is too narrow for more

}  // namespace

std::string Text(std::string_view text) { return XmlText(text); }

std::string Paragraph(std::string_view text) { return fmt::format("<p>{}</p>\n", Text(text)); }

std::string Heading(std::string_view text) { return fmt::format("<h3>{}</h3>\n", Text(text)); }

std::string Code(std::string_view text) { return fmt::format("<code>{}</code>", Text(text)); }

std::string Note(std::string_view note) {
  const size_t end = note.find(". ");
  if (end == note.npos || end > kLongestTopic) return Text(note);
  return fmt::format("<b>{}</b>{}", Text(note.substr(0, end + 1)), Text(note.substr(end + 1)));
}

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
  std::string text = fmt::format(
      "<div class=\"scroll{}\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{}</div>\n",
      table.columns.size() > kManyColumns ? " many" : "", Text(table.title),
      HtmlTable(table,
                {.id = style.id, .names = style.names, .spreads_apart = true, .link = style.link}));
  if (!style.notes || table.notes.empty()) return text;
  std::vector<std::string> notes;
  for (const std::string& note : table.notes) notes.push_back(Note(note));
  return text + "<div class=\"notes\">" + List(notes) + "</div>\n";
}

}  // namespace upcycle::html
