#include <algorithm>

#include "results/verification/committed_table.h"

namespace upcycle {
namespace {

// Behind the group in braces that begins at `at`; the end of the text if it stays open.
size_t BehindGroup(std::string_view text, size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '{') {
      ++depth;
    } else if (text[at] == '}' && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

// Behind what one of these encloses in front of the text, if anything.
size_t BehindOption(std::string_view text, size_t at, char opens, char closes) {
  if (at >= text.size() || text[at] != opens) return at;
  const size_t end = text.find(closes, at);
  return end == text.npos ? at : end + 1;
}

// The length of a command between rows in front of the text, a rule or a space, with its arguments;
// 0: none is there.
size_t RuleLength(std::string_view text) {
  for (const std::string_view rule : {"\\toprule", "\\midrule", "\\bottomrule", "\\hline"}) {
    if (text.starts_with(rule)) return rule.size();
  }
  for (const std::string_view rule : {"\\cmidrule", "\\cline", "\\addlinespace"}) {
    if (!text.starts_with(rule)) continue;
    const size_t at = BehindOption(text, rule.size(), '[', ']');
    return BehindOption(text, BehindOption(text, at, '(', ')'), '{', '}');
  }
  return 0;
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// A study's name as it was before it was escaped.
std::string PlainTitle(std::string_view title) {
  std::string plain(title);
  for (const auto& [escaped, sign] : {std::pair("\\_", "_"), std::pair("-{}", "-")}) {
    for (size_t at = plain.find(escaped); at != plain.npos; at = plain.find(escaped)) {
      plain.replace(at, std::string_view(escaped).size(), sign);
    }
  }
  return plain;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<CommittedTable> Read() {
    std::vector<CommittedTable> tables;
    size_t from = 0;
    for (Begin begin = NextBegin(0); begin.at != text_.npos; begin = NextBegin(from)) {
      const std::string closing = "\\end{" + begin.environment + "}";
      const size_t end = std::min(text_.find(closing, begin.at), text_.size());
      CommittedTable table;
      table.command = CommandBetween(from, begin.at, &tables).command;
      table.line = LineAt(begin.at);
      table.title = CaptionAround(begin.at, end);
      const std::string plain = PlainTitle(table.title);
      table.study = table.command.empty() ? StudyInTitle(plain) : StudyInCommand(table.command);
      ReadRows(begin.behind, end, &table);
      ReadNotes(end, &table);
      from = std::min(end + closing.size(), text_.size());
      if (!table.study.empty()) tables.push_back(std::move(table));
    }
    CommittedTable last = CommandBetween(from, text_.size(), &tables);
    if (!last.command.empty()) tables.push_back(std::move(last));
    return tables;
  }

 private:
  struct Begin {
    size_t at = std::string_view::npos;  // npos: there is none
    size_t behind = 0;                   // its arguments
    std::string environment = {};
  };

  // Of the next tabular, or of one that has its width as an argument in front of its columns.
  Begin NextBegin(size_t from) const {
    Begin next;
    for (const std::string environment : {"tabular", "tabular*", "tabularx", "tabulary"}) {
      const std::string opening = "\\begin{" + environment + "}";
      const size_t at = text_.find(opening, from);
      if (at >= next.at) continue;
      size_t behind = BehindGroup(text_, at + opening.size());
      if (environment != "tabular") behind = BehindGroup(text_, behind);
      next = {at, behind, environment};
    }
    return next;
  }

  int64_t LineAt(size_t place) const {
    return 1 + std::count(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(place), '\n');
  }

  // The last one; those in front of it have no table.
  CommittedTable CommandBetween(size_t from, size_t to, std::vector<CommittedTable>* tables) const {
    CommittedTable last;
    while (from < to) {
      const size_t end = std::min(text_.find('\n', from), to);
      const std::string_view line = TrimmedText(text_.substr(from, end - from));
      if (line.starts_with('%') && !StudyInCommand(line.substr(1)).empty()) {
        if (!last.command.empty()) tables->push_back(std::move(last));
        last = CommandAlone(LineAt(from), TrimmedText(line.substr(1)));
      }
      from = end + 1;
    }
    return last;
  }

  // In front of the table or behind it, within the same environment.
  std::string CaptionAround(size_t at, size_t end) const {
    constexpr std::string_view kCaption = "\\caption{", kOpens = "\\begin{table",
                               kCloses = "\\end{table";
    const size_t opens = text_.rfind(kOpens, at);
    const bool is_within = opens != text_.npos && text_.find(kCloses, opens) > at;
    const size_t caption = is_within ? text_.find(kCaption, opens) : text_.npos;
    if (caption == text_.npos || caption > text_.find(kCloses, end)) return "";
    const size_t begin = caption + kCaption.size();
    const size_t behind = BehindGroup(text_, begin - 1);
    return std::string(TrimmedText(text_.substr(begin, behind - begin - 1)));
  }

  void ReadRows(size_t at, size_t end, CommittedTable* table) const {
    std::vector<std::string> cells(1);
    int64_t line = 0;
    for (; at < end; ++at) {
      const char c = text_[at];
      if (c == '%') {
        at = std::min(text_.find('\n', at), end);
      } else if (c == '&') {
        cells.emplace_back();
      } else if (text_.substr(at).starts_with("\\\\")) {
        at = BehindOption(text_, at + 2 + text_.substr(at + 2).starts_with('*'), '[', ']') - 1;
        EndRow(line, &cells, table);
        line = 0;
      } else if (const size_t rule = RuleLength(text_.substr(at)); rule > 0) {
        at += rule - 1;
      } else {
        if (line == 0 && !IsBlank(c)) line = LineAt(at);
        cells.back() += c;
        if (c == '\\' && at + 1 < end) cells.back() += text_[++at];
      }
    }
  }

  static void EndRow(int64_t line, std::vector<std::string>* cells, CommittedTable* table) {
    for (std::string& cell : *cells) cell = std::string(TrimmedText(cell));
    if (table->columns.empty()) {
      table->columns = std::move(*cells);
    } else {
      table->rows.push_back({line, std::move(*cells)});
    }
    *cells = {""};
  }

  // The paragraphs of the box below the table.
  void ReadNotes(size_t from, CommittedTable* table) const {
    constexpr std::string_view kBox = "\\footnotesize", kEndOfBox = "\\end{minipage}";
    const size_t limit = std::min(text_.find("\\end{table", from), text_.size());
    size_t at = text_.find(kBox, from);
    const size_t end = text_.find(kEndOfBox, from);
    if (at == text_.npos || end == text_.npos || end > limit || at > end) return;
    at += kBox.size();
    while (at < end) {
      const size_t paragraph = std::min(text_.find("\\par", at), end);
      const std::string_view note = TrimmedText(text_.substr(at, paragraph - at));
      const size_t begin = note.empty() ? at : static_cast<size_t>(note.data() - text_.data());
      if (!note.empty()) table->notes.push_back({LineAt(begin), std::string(note)});
      at = paragraph + 4;
    }
  }

  const std::string_view text_;
};

}  // namespace

std::vector<CommittedTable> ReadLatexTables(std::string_view document) {
  return Reader(document).Read();
}

}  // namespace upcycle
