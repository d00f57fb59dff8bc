#include "results/verification/committed_table.h"

#include "core/shell_word.h"

namespace upcycle {

std::string_view TrimmedText(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string StudyInTitle(std::string_view title) {
  const size_t colon = title.find(": ");
  if (colon == title.npos || colon == 0) return "";
  const std::string_view name = title.substr(0, colon), rest = title.substr(colon);
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  if (name.find_first_not_of(kLetters) != name.npos) return "";
  const bool is_ours =
      rest.find(", lower is better") != rest.npos || rest.find(", higher is better") != rest.npos;
  return is_ours ? std::string(name) : "";
}

std::string StudyInCommand(std::string_view command) {
  const auto words = WordsOfShellLine(command);
  if (!words || words->size() < 3 || words->at(0) != "upcycle" || words->at(1) != "export") {
    return "";
  }
  return words->at(2);
}

CommittedTable CommandAlone(int64_t line, std::string_view command) {
  CommittedTable table;
  table.line = line;
  table.study = StudyInCommand(command);
  table.command = command;
  return table;
}

std::vector<CommittedTable> ReadTables(std::string_view document, TableForm form) {
  constexpr std::string_view kByteOrderMark = "\uFEFF";  // spreadsheets begin CSV with it
  if (document.starts_with(kByteOrderMark)) document.remove_prefix(kByteOrderMark.size());
  switch (form) {
    case TableForm::kMarkdown:
      return ReadMarkdownTables(document);
    case TableForm::kLatex:
      return ReadLatexTables(document);
    case TableForm::kHtml:
    case TableForm::kHtmlFragment:
      return ReadHtmlTables(document);
    case TableForm::kCsv:
      return ReadCsvTables(document);
    case TableForm::kJson:
      return ReadJsonTables(document);
  }
  return {};
}

}  // namespace upcycle
