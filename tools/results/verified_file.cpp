#include "tools/results/verified_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/shell_word.h"
#include "results/comparison/listed_names.h"
#include "results/tables/terminal_text.h"
#include "tools/commands.h"
#include "tools/terminal/table_options.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostNamed = 100;  // differences of a table

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
    return {table.line, table.study, table.command, error.what(), 0, {}, {}};
  }
}

std::string PlaceText(const std::string& file, int64_t line) {
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

std::string SideText(const std::string& side) { return side.empty() ? "nothing" : side; }

// What a document says may be anything.
std::string LineOf(const std::string& text) { return Printable(text) + "\n"; }

std::string TableText(const std::string& file, const VerifiedTable& table) {
  const std::string place = PlaceText(file, table.line);
  if (!table.reason.empty()) {
    return LineOf(fmt::format("{}: {} cannot be checked: {}", place, table.study, table.reason));
  }
  if (table.differences.empty()) {
    const std::string without = ListedNames(table.left_out);
    return LineOf(fmt::format("{}: {} is as in the ledger, {} cells{}{}", place, table.study,
                              table.cells, without.empty() ? "" : "; left out: ", without));
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

Json TableJson(const VerifiedTable& table) {
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
  return {{"line", table.line},         {"study", table.study},
          {"command", table.command},   {"state", state},
          {"reason", table.reason},     {"cells", table.cells},
          {"left_out", table.left_out}, {"differences", std::move(differences)}};
}

}  // namespace

std::vector<VerifiedTable> VerifyTables(LedgerReader& ledger, const fs::path& file,
                                        TableForm form) {
  std::vector<VerifiedTable> verified;
  for (const CommittedTable& table : ReadTables(ReadTextFile(file), form)) {
    verified.push_back(Verified(ledger, table, form));
  }
  return verified;
}

bool Differs(const VerifiedFile& file) {
  return !file.difference.empty() || std::ranges::any_of(file.tables, [](const auto& table) {
    return !table.differences.empty();
  });
}

std::string TextOf(const VerifiedFile& file) {
  const std::string name = file.path.native();
  std::string text;
  for (const VerifiedTable& table : file.tables) text += TableText(name, table);
  if (!file.difference.empty()) return text + LineOf(fmt::format("{}: {}", name, file.difference));
  return text.empty() ? LineOf(fmt::format("{}: is as the ledger gives it", name)) : text;
}

Json JsonOf(const VerifiedFile& file) {
  Json tables = Json::array();
  for (const VerifiedTable& table : file.tables) tables.push_back(TableJson(table));
  return {
      {"file", file.path.native()}, {"difference", file.difference}, {"tables", std::move(tables)}};
}

int ExitOf(const std::vector<VerifiedFile>& files) {
  if (std::ranges::any_of(files, Differs)) return kExitFailed;
  const auto has_unchecked = [](const VerifiedFile& file) {
    return std::ranges::any_of(file.tables,
                               [](const auto& table) { return !table.reason.empty(); });
  };
  return std::ranges::any_of(files, has_unchecked) ? kExitBadInput : kExitDone;
}

}  // namespace upcycle
