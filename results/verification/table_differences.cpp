#include "results/verification/table_differences.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "results/comparison/table_notes.h"
#include "results/verification/same_text.h"

namespace upcycle {
namespace {

std::optional<size_t> PlaceIn(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

// Of the column that names rows.
size_t NamingColumn(const CommittedTable& table) {
  return PlaceIn(table.columns, "arm").value_or(0);
}

std::string NameOf(const CommittedTable::Row& row, size_t column) {
  return column < row.cells.size() ? row.cells[column] : "";
}

// Whether a list's item is one of the sentences that a table has.
bool IsOurs(const std::string& note) {
  return std::ranges::any_of(NoteLabels(), [&](std::string_view label) {
    return note.starts_with(fmt::format("{}. ", label));
  });
}

class Comparer {
 public:
  Comparer(const CommittedTable& file, const CommittedTable& ledger, TableForm form)
      : file_(file), ledger_(ledger), form_(form), used_(ledger.rows.size(), false) {}

  std::vector<CellDifference> Compare() {
    CompareTitles();
    CompareColumns();
    for (const CommittedTable::Row& row : file_.rows) CompareRow(row);
    if (form_ != TableForm::kCsv) AddMissingRows();
    CompareNotes();
    return std::move(differences_);
  }

 private:
  void Add(int64_t line, std::string row, std::string column, std::string file,
           std::string ledger) {
    differences_.push_back(
        {line, std::move(row), std::move(column), std::move(file), std::move(ledger)});
  }

  // A document may have given the table a title of its own, below the command that made it.
  void CompareTitles() {
    if (file_.title.find(" is better") == file_.title.npos) return;
    if (file_.title != ledger_.title) {
      Add(file_.line, "", "caption", file_.title, ledger_.title);
    }
  }

  void CompareColumns() {
    for (const std::string& column : file_.columns) {
      if (!ColumnOf(ledger_, column)) Add(file_.line, "", column, "a column", "");
    }
    for (const std::string& column : ledger_.columns) {
      if (!ColumnOf(file_, column)) Add(file_.line, "", column, "", "a column");
    }
  }

  // The column of that title, or else of one that says the same.
  std::optional<size_t> ColumnOf(const CommittedTable& table, const std::string& title) const {
    if (const auto exact = PlaceIn(table.columns, title)) return exact;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (SameText(table.columns[i], title, form_)) return i;
    }
    return std::nullopt;
  }

  // The row of that name, or else of one that says the same.
  const CommittedTable::Row* TakeRow(const std::string& name) {
    const auto take = [&](const auto& fits) -> const CommittedTable::Row* {
      for (size_t i = 0; i < ledger_.rows.size(); ++i) {
        if (used_[i] || !fits(NameOf(ledger_.rows[i], NamingColumn(ledger_)))) continue;
        used_[i] = true;
        return &ledger_.rows[i];
      }
      return nullptr;
    };
    const auto* exact = take([&](const std::string& other) { return other == name; });
    if (exact != nullptr) return exact;
    return take([&](const std::string& other) { return SameText(other, name, form_); });
  }

  void CompareRow(const CommittedTable::Row& row) {
    const std::string name = NameOf(row, NamingColumn(file_));
    const CommittedTable::Row* other = TakeRow(name);
    if (other == nullptr) return Add(row.line, name, "", "a row", "");
    if (row.cells.size() != file_.columns.size()) {
      return Add(row.line, name, "", fmt::format("{} cells", row.cells.size()),
                 fmt::format("{} cells", other->cells.size()));
    }
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const auto place = ColumnOf(ledger_, file_.columns[i]);
      if (!place || *place >= other->cells.size()) continue;
      if (!SameText(row.cells[i], other->cells[*place], form_)) {
        Add(row.line, name, file_.columns[i], row.cells[i], other->cells[*place]);
      }
    }
  }

  void AddMissingRows() {
    for (size_t i = 0; i < ledger_.rows.size(); ++i) {
      if (used_[i]) continue;
      Add(file_.line, NameOf(ledger_.rows[i], NamingColumn(ledger_)), "", "", "a row");
    }
  }

  void CompareNotes() {
    for (const CommittedTable::Note& note : file_.notes) {
      if (!IsOurs(note.text)) continue;
      const auto same = [&](const CommittedTable::Note& other) {
        return SameText(other.text, note.text, form_);
      };
      if (std::ranges::any_of(ledger_.notes, same)) continue;
      const std::string label = note.text.substr(0, note.text.find(". ") + 2);
      const auto alike = std::ranges::find_if(
          ledger_.notes, [&](const auto& other) { return other.text.starts_with(label); });
      Add(note.line, "", "note", note.text, alike == ledger_.notes.end() ? "" : alike->text);
    }
  }

  const CommittedTable& file_;
  const CommittedTable& ledger_;
  const TableForm form_;
  std::vector<bool> used_;  // of the ledger's rows
  std::vector<CellDifference> differences_;
};

}  // namespace

std::vector<std::string> RowsLeftOut(const CommittedTable& file, const CommittedTable& ledger,
                                     TableForm form) {
  std::vector<std::string> names;
  for (const CommittedTable::Row& row : ledger.rows) {
    const std::string name = NameOf(row, NamingColumn(ledger));
    const bool is_there = std::ranges::any_of(file.rows, [&](const auto& other) {
      return SameText(NameOf(other, NamingColumn(file)), name, form);
    });
    if (!is_there) names.push_back(name);
  }
  return names;
}

std::vector<CellDifference> DifferencesBetween(const CommittedTable& file,
                                               const CommittedTable& ledger, TableForm form) {
  return Comparer(file, ledger, form).Compare();
}

}  // namespace upcycle
