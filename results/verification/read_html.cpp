#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"
#include "results/verification/committed_table.h"

namespace upcycle {
namespace {

// With a blank for any run of them, as a browser shows it.
std::string Collapsed(std::string_view text) {
  std::string collapsed;
  for (const char c : TrimmedText(text)) {
    const bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!is_blank) {
      collapsed += c;
    } else if (!collapsed.ends_with(' ')) {
      collapsed += ' ';
    }
  }
  return collapsed;
}

// What stands between a tag that begins with one of `opening` and its `closing`, and where.
struct Element {
  size_t begin = std::string_view::npos;  // of the opening tag; npos: there is none
  size_t end = 0;                         // behind the closing one
  std::string_view content;
};

Element NextElement(std::string_view html, size_t from, std::string_view name) {
  const std::string opening = fmt::format("<{}", name);
  const std::string closing = fmt::format("</{}>", name);
  for (size_t at = html.find(opening, from); at != html.npos; at = html.find(opening, at + 1)) {
    const size_t behind = at + opening.size();
    const bool is_whole = behind < html.size() &&
                          std::string_view("> \t\r\n").find(html[behind]) != std::string_view::npos;
    if (!is_whole) continue;
    const size_t begin = html.find('>', at);
    const size_t end = html.find(closing, at);
    if (begin == html.npos || end == html.npos || end < begin) return {};
    return {at, end + closing.size(), html.substr(begin + 1, end - begin - 1)};
  }
  return {};
}

std::vector<std::string> CellsOf(std::string_view row) {
  std::vector<std::string> cells;
  size_t at = 0;
  while (true) {
    const Element head = NextElement(row, at, "th"), data = NextElement(row, at, "td");
    const Element& next = head.begin < data.begin ? head : data;
    if (next.begin == row.npos) return cells;
    cells.push_back(Collapsed(next.content));
    at = next.end;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view html) : html_(html) {}

  std::vector<CommittedTable> Read() {
    std::vector<CommittedTable> tables;
    size_t at = 0;
    for (Element table = NextElement(html_, at, "table"); table.begin != html_.npos;
         table = NextElement(html_, at, "table")) {
      CommittedTable read = ReadTable(table);
      read.command = CommandBetween(at, table.begin, &tables).command;
      read.study = read.command.empty() ? StudyInTitle(read.title) : StudyInCommand(read.command);
      at = table.end;
      if (!read.study.empty()) tables.push_back(std::move(read));
    }
    CommittedTable last = CommandBetween(at, html_.size(), &tables);
    if (!last.command.empty()) tables.push_back(std::move(last));
    return tables;
  }

 private:
  int64_t LineAt(size_t place) const {
    return 1 + std::count(html_.begin(), html_.begin() + static_cast<ptrdiff_t>(place), '\n');
  }

  // The last one; those in front of it have no table.
  CommittedTable CommandBetween(size_t from, size_t to, std::vector<CommittedTable>* tables) const {
    CommittedTable last;
    for (size_t at = html_.find("<!--", from); at < to; at = html_.find("<!--", at + 1)) {
      const size_t end = html_.find("-->", at);
      if (end == html_.npos) break;
      const std::string_view comment = TrimmedText(html_.substr(at + 4, end - at - 4));
      if (StudyInCommand(comment).empty()) continue;
      if (!last.command.empty()) tables->push_back(std::move(last));
      last = CommandAlone(LineAt(at), comment);
    }
    return last;
  }

  CommittedTable ReadTable(const Element& table) const {
    CommittedTable read;
    read.line = LineAt(table.begin);
    read.title = Collapsed(NextElement(table.content, 0, "caption").content);
    const size_t offset = static_cast<size_t>(table.content.data() - html_.data());
    for (Element row = NextElement(table.content, 0, "tr"); row.begin != html_.npos;
         row = NextElement(table.content, row.end, "tr")) {
      std::vector<std::string> cells = CellsOf(row.content);
      if (read.columns.empty()) {
        read.columns = std::move(cells);
      } else {
        read.rows.push_back({LineAt(offset + row.begin), std::move(cells)});
      }
    }
    ReadNotes(table.end, &read);
    return read;
  }

  // Up to the end of the section, or the next table.
  void ReadNotes(size_t from, CommittedTable* read) const {
    const size_t end = std::min(html_.find("</section>", from), html_.find("<table", from));
    for (Element note = NextElement(html_, from, "li"); note.begin < end;
         note = NextElement(html_, note.end, "li")) {
      read->notes.push_back({LineAt(note.begin), Collapsed(note.content)});
    }
  }

  const std::string_view html_;
};

}  // namespace

std::vector<CommittedTable> ReadHtmlTables(std::string_view document) {
  return Reader(document).Read();
}

}  // namespace upcycle
