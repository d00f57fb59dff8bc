// `upcycle verify FILE`

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/shell_word.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/terminal_text.h"
#include "results/verification/verify_table.h"
#include "tools/command_line.h"
#include "tools/commands.h"
#include "tools/option_values.h"
#include "tools/state_options.h"
#include "tools/table_options.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostNamed = 100;  // differences of a table

TableForm FormOf(const fs::path& file, const std::string& named) {
  if (!named.empty()) return ValueOf<TableForm>("format", named);
  const std::string ending = file.extension();
  if (ending == ".md" || ending == ".markdown") return TableForm::kMarkdown;
  if (ending == ".tex") return TableForm::kLatex;
  if (ending == ".html" || ending == ".htm") return TableForm::kHtml;
  if (ending == ".csv") return TableForm::kCsv;
  if (ending == ".json") return TableForm::kJson;
  throw Error(Cause::kInput,
              fmt::format("{}: its name does not say which form it has; --format says it, as "
                          "markdown, latex, html, csv or json",
                          file.native()));
}

// What the table says it was asked for. Throws Error(kInput) for words that `export` does not take.
CompareOptions AskedFor(const CommittedTable& table, TableForm form) {
  if (table.command.empty()) return OptionsFrom(table, form);
  std::vector<std::string> words = WordsOfShellLine(table.command).value();
  words.erase(words.begin(), words.begin() + 2);  // upcycle export
  const auto asks_for_help = [](const std::string& word) {
    return word == "--help" || word == "-h";
  };
  if (std::ranges::any_of(words, asks_for_help)) {
    throw Error(Cause::kInput, "the command above the table writes none");
  }
  return AskedOfTable(words);
}

VerifiedTable Verified(LedgerReader& ledger, const CommittedTable& table, TableForm form) {
  try {
    return VerifyTable(ledger, table, form, AskedFor(table, form));
  } catch (const Error& error) {
    if (error.cause() != Cause::kInput) throw;
    return {table.line, table.study, table.command, error.what(), 0, {}};
  }
}

std::string PlaceText(const std::string& file, int64_t line) {
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

std::string SideText(const std::string& side) { return side.empty() ? "nothing" : side; }

// What a document says may be anything.
std::string LineOf(const std::string& text) { return Printable(text) + "\n"; }

std::string TextOf(const std::string& file, const VerifiedTable& table) {
  const std::string place = PlaceText(file, table.line);
  if (!table.reason.empty()) {
    return LineOf(fmt::format("{}: {} cannot be checked: {}", place, table.study, table.reason));
  }
  if (table.differences.empty()) {
    return LineOf(
        fmt::format("{}: {} is as in the ledger, {} cells", place, table.study, table.cells));
  }
  std::string text;
  const size_t named = std::min(table.differences.size(), kMostNamed);
  for (size_t i = 0; i < named; ++i) {
    const CellDifference& difference = table.differences[i];
    std::string line = fmt::format("{}: {}", PlaceText(file, difference.line), table.study);
    for (const std::string& part : {difference.row, difference.column}) {
      if (!part.empty()) line += ", " + part;
    }
    text += LineOf(fmt::format("{}: the file has {}, the ledger {}", line,
                               SideText(difference.file), SideText(difference.ledger)));
  }
  if (named < table.differences.size()) {
    text += LineOf(fmt::format("{}: {} and {} more differences", place, table.study,
                               table.differences.size() - named));
  }
  return text;
}

Json JsonOf(const VerifiedTable& table) {
  Json differences = Json::array();
  for (const CellDifference& difference : table.differences) {
    differences.push_back({{"line", difference.line},
                           {"row", difference.row},
                           {"column", difference.column},
                           {"file", difference.file},
                           {"ledger", difference.ledger}});
  }
  const char* state = !table.reason.empty()       ? "unchecked"
                      : table.differences.empty() ? "equal"
                                                  : "different";
  return {{"line", table.line},
          {"study", table.study},
          {"command", table.command},
          {"state", state},
          {"reason", table.reason},
          {"cells", table.cells},
          {"differences", std::move(differences)}};
}

int ExitOf(const std::vector<VerifiedTable>& tables) {
  const auto differs = [](const VerifiedTable& table) { return !table.differences.empty(); };
  const auto unchecked = [](const VerifiedTable& table) { return !table.reason.empty(); };
  if (std::ranges::any_of(tables, differs)) return kExitSomeRunFailed;
  return std::ranges::any_of(tables, unchecked) ? kExitBadInput : kExitDone;
}

}  // namespace

int VerifyCommand(const Arguments& arguments) {
  std::string file;
  std::string format;
  StateOptions state;
  bool json = false;
  CommandLine line(
      "verify FILE [options]",
      "Holds the tables that `upcycle export` wrote into a document against the ledger\n"
      "and names the cells that differ. Exit status: 0 equal, 1 different, 2 cannot be\n"
      "checked.");
  line.Positional("FILE", &file, "Markdown, LaTeX, HTML, CSV or JSON; other text may stand around");
  state.Declare(line);
  line.Option("format", &format, "the form of the file; without it, what its name ends with says");
  line.Flag("json", &json, "every table and difference as JSON");
  line.Parse(arguments);
  const TableForm form = FormOf(file, format);
  const std::vector<CommittedTable> tables = ReadTables(ReadTextFile(file), form);
  if (tables.empty()) {
    throw Error(Cause::kInput,
                fmt::format("{} has no table of a study: one is known by the command in a comment "
                            "above it, as `upcycle export` writes it, or by its title, \"STUDY: "
                            "METRIC, lower is better\"",
                            file));
  }
  LedgerReader ledger(state.Ledger());
  std::vector<VerifiedTable> verified;
  for (const CommittedTable& table : tables) verified.push_back(Verified(ledger, table, form));
  if (json) {
    Json all = Json::array();
    for (const VerifiedTable& table : verified) all.push_back(JsonOf(table));
    const Json whole = {{"file", file}, {"tables", std::move(all)}};
    fmt::print("{}\n", whole.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    for (const VerifiedTable& table : verified) fmt::print("{}", TextOf(file, table));
  }
  return ExitOf(verified);
}

}  // namespace upcycle
