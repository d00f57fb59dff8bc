#include <algorithm>

#include "core/text.h"
#include "results/verification/committed_table.h"

namespace upcycle {
namespace {

std::vector<std::string_view> LinesOf(std::string_view document) {
  std::vector<std::string_view> lines;
  while (!document.empty()) {
    const size_t end = document.find('\n');
    lines.push_back(document.substr(0, end));
    document.remove_prefix(end == document.npos ? document.size() : end + 1);
  }
  return lines;
}

// Of "| a | b \| c |": "a", "b \| c".
std::vector<std::string> CellsOf(std::string_view line) {
  line = TrimmedText(line);
  if (line.starts_with('|')) line.remove_prefix(1);
  std::vector<std::string> cells;
  size_t begin = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '|') {
      cells.emplace_back(TrimmedText(line.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  const std::string_view rest = TrimmedText(line.substr(std::min(begin, line.size())));
  if (!rest.empty()) cells.emplace_back(rest);
  return cells;
}

bool IsRow(std::string_view line) { return TrimmedText(line).starts_with('|'); }

bool IsRule(std::string_view line) {
  return IsRow(line) && line.find('-') != line.npos &&
         line.find_first_not_of(" \t\r|:-") == line.npos;
}

class Reader {
 public:
  explicit Reader(std::string_view document) : lines_(LinesOf(document)) {}

  std::vector<CommittedTable> Read() {
    while (at_ < lines_.size()) ReadLine();
    EndWithoutTable();
    return std::move(tables_);
  }

 private:
  void ReadLine() {
    const std::string_view line = TrimmedText(lines_[at_]);
    if (line.starts_with("```") || line.starts_with("~~~")) {
      fenced_ = !fenced_;
    } else if (fenced_) {
      // What is shown as code is an example.
    } else if (line.starts_with('#')) {
      EndWithoutTable();
      const size_t begin = std::min(line.find_first_not_of('#'), line.size());
      table_.title = TrimmedText(line.substr(begin));
      table_.line = LineNumber();
    } else if (line.starts_with("<!--") && line.ends_with("-->")) {
      const std::string_view comment = TrimmedText(line.substr(4, line.size() - 7));
      if (!StudyInCommand(comment).empty()) ReadCommand(comment);
    } else if (IsRow(line) && at_ + 1 < lines_.size() && IsRule(lines_[at_ + 1])) {
      return ReadTable();
    }
    ++at_;
  }

  void ReadCommand(std::string_view command) {
    if (!table_.command.empty()) EndWithoutTable();
    table_.command = command;
    if (table_.line == 0) table_.line = LineNumber();
  }

  // A command may stand there whose table is gone, or is written as nothing that can be read.
  void EndWithoutTable() {
    table_.study = StudyInCommand(table_.command);
    if (!table_.study.empty()) tables_.push_back(std::move(table_));
    table_ = {};
  }

  void ReadTable() {
    table_.columns = CellsOf(lines_[at_]);
    if (table_.line == 0) table_.line = LineNumber();
    for (at_ += 2; at_ < lines_.size() && IsRow(lines_[at_]); ++at_) {
      table_.rows.push_back({LineNumber(), CellsOf(lines_[at_])});
    }
    ReadNotes();
    table_.study =
        table_.command.empty() ? StudyInTitle(table_.title) : StudyInCommand(table_.command);
    if (!table_.study.empty()) tables_.push_back(std::move(table_));
    table_ = {};
  }

  // The list that follows the table.
  void ReadNotes() {
    while (at_ < lines_.size() && TrimmedText(lines_[at_]).empty()) ++at_;
    for (; at_ < lines_.size(); ++at_) {
      const std::string_view line = lines_[at_];
      if (line.starts_with("- ")) {
        table_.notes.push_back({LineNumber(), std::string(TrimmedText(line.substr(2)))});
      } else if (line.starts_with("  ") && !TrimmedText(line).empty() && !table_.notes.empty()) {
        table_.notes.back().text.append(" ").append(TrimmedText(line));
      } else {
        break;
      }
    }
  }

  int64_t LineNumber() const { return static_cast<int64_t>(at_) + 1; }

  const std::vector<std::string_view> lines_;
  size_t at_ = 0;
  bool fenced_ = false;
  CommittedTable table_;  // what is known of the next one
  std::vector<CommittedTable> tables_;
};

}  // namespace

std::vector<CommittedTable> ReadMarkdownTables(std::string_view document) {
  return Reader(document).Read();
}

}  // namespace upcycle
