#include <algorithm>

#include "core/text.h"
#include "results/verification/committed_table.h"

namespace upcycle {
namespace {

constexpr std::string_view kBegin = "\\begin{tabular}", kEnd = "\\end{tabular}";

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

// The length of a rule's command in front of the text; 0: none is there.
size_t RuleLength(std::string_view text) {
  for (const std::string_view rule : {"\\toprule", "\\midrule", "\\bottomrule", "\\hline"}) {
    if (text.starts_with(rule)) return rule.size();
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
    for (size_t at = text_.find(kBegin); at != text_.npos; at = text_.find(kBegin, from)) {
      const size_t end = std::min(text_.find(kEnd, at), text_.size());
      CommittedTable table;
      table.line = LineAt(at);
      table.command = CommandBetween(from, at);
      table.title = CaptionAround(at, end);
      const std::string plain = PlainTitle(table.title);
      table.study = table.command.empty() ? StudyInTitle(plain) : StudyInCommand(table.command);
      ReadRows(BehindGroup(text_, at + kBegin.size()), end, &table);
      ReadNotes(end, &table);
      from = std::min(end + kEnd.size(), text_.size());
      if (!table.study.empty()) tables.push_back(std::move(table));
    }
    return tables;
  }

 private:
  int64_t LineAt(size_t place) const {
    return 1 + std::count(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(place), '\n');
  }

  std::string CommandBetween(size_t from, size_t to) const {
    std::string command;
    while (from < to) {
      const size_t end = std::min(text_.find('\n', from), to);
      const std::string_view line = TrimmedText(text_.substr(from, end - from));
      if (line.starts_with('%') && !StudyInCommand(line.substr(1)).empty()) {
        command = TrimmedText(line.substr(1));
      }
      from = end + 1;
    }
    return command;
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
        ++at;
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
