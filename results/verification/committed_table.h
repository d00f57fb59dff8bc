// Tables as documents have them: what `upcycle export` wrote, perhaps amid text, perhaps changed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "results/export/table_forms.h"

namespace upcycle {

// Texts are as they stand in the document, in its markup.
struct CommittedTable {
  struct Row {
    int64_t line = 0;  // of the document, from 1; 0: not known
    std::vector<std::string> cells;
  };
  struct Note {
    int64_t line = 0;
    std::string text;
  };

  int64_t line = 0;  // where it begins
  std::string study;
  std::string title;                 // empty: it has none
  std::string command;               // that it says made it; empty: it does not say
  std::vector<std::string> columns;  // none: its command has no table below it
  std::vector<Row> rows;
  std::vector<Note> notes;
};

// All tables of studies in a document of this form. A table is one of ours by the command in a
// comment above it, or by its title. A command without a table is one without columns. A document
// of JSON is one table of its values by their places. Throws Error(kInput) where the document is
// none of this form.
std::vector<CommittedTable> ReadTables(std::string_view document, TableForm form);

std::vector<CommittedTable> ReadMarkdownTables(std::string_view document);
std::vector<CommittedTable> ReadLatexTables(std::string_view document);
std::vector<CommittedTable> ReadHtmlTables(std::string_view document);
std::vector<CommittedTable> ReadCsvTables(std::string_view document);
std::vector<CommittedTable> ReadJsonTables(std::string_view document);

// "routing" of "routing: validation/loss, lower is better"; empty for another title.
std::string StudyInTitle(std::string_view title);

// "routing" of "upcycle export routing --sort arm"; empty for another command.
std::string StudyInCommand(std::string_view command);

// What is known of a table in front of which only its command was read.
CommittedTable CommandAlone(int64_t line, std::string_view command);

// Without blanks at its ends.
std::string_view TrimmedText(std::string_view text);

}  // namespace upcycle
