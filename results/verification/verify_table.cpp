#include "results/verification/verify_table.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "results/comparison/compare_study.h"

namespace upcycle {
namespace {

// "validation/loss" of "validation/loss difference".
std::string WithoutEnding(std::string key, std::string_view ending) {
  if (key.ends_with(ending)) key.resize(key.size() - ending.size());
  return key;
}

bool IsSpread(const std::vector<std::string>& keys, size_t i) {
  if (i == 0) return false;
  return keys[i] == keys[i - 1] + " half_width" || keys[i] == keys[i - 1] + " deviation";
}

// Of a grid's "validation/loss[moe.top_k=2]" the metric and the setting.
std::optional<std::vector<std::string>> GridColumns(const std::string& key) {
  const size_t bracket = key.find('[');
  const size_t sign = key.find('=', bracket);
  if (bracket == key.npos || sign == key.npos) return std::nullopt;
  return {{key.substr(0, bracket), key.substr(bracket + 1, sign - bracket - 1)}};
}

// Of what the same command makes the table that says it is made by this one; else the first.
const CommittedTable& Counterpart(const std::vector<CommittedTable>& made,
                                  const std::string& command) {
  const auto same = std::ranges::find(made, command, &CommittedTable::command);
  return same == made.end() ? made.front() : *same;
}

VerifiedTable VerifyAsAsked(LedgerReader& ledger, const CommittedTable& table, TableForm form,
                            const CompareOptions& options) {
  VerifiedTable verified = {.line = table.line,
                            .study = table.study,
                            .command = table.command,
                            .reason = "",
                            .cells = 0,
                            .left_out = {},
                            .differences = {}};
  if (table.columns.empty()) {
    verified.reason = "no table that can be read stands below this command";
    return verified;
  }
  try {
    const std::string text = Written(CompareStudy(ledger, table.study, options), form);
    const std::vector<CommittedTable> made = ReadTables(text, form);
    if (made.empty()) {
      verified.reason = "the ledger's table has no rows";
      return verified;
    }
    for (const CommittedTable::Row& row : table.rows) {
      verified.cells += static_cast<int64_t>(row.cells.size());
    }
    const CommittedTable& counterpart = Counterpart(made, table.command);
    verified.differences = DifferencesBetween(table, counterpart, form);
    if (form == TableForm::kCsv) verified.left_out = RowsLeftOut(table, counterpart, form);
  } catch (const Error& error) {
    if (error.cause() != Cause::kInput) throw;
    verified.reason = error.what();
  }
  return verified;
}

}  // namespace

CompareOptions OptionsFrom(const CommittedTable& table, TableForm form) {
  CompareOptions options;
  if (form != TableForm::kCsv || table.columns.empty()) return options;
  const std::vector<std::string>& keys = table.columns;
  if (std::ranges::find(keys, "noise_floor") != keys.end()) {
    options.evidence = true;
    return options;
  }
  options.rows = keys.front();  // "arm" too: a recipe may ask for others
  std::vector<std::string> columns;
  for (size_t i = 1; i < keys.size(); ++i) {
    if (const auto grid = GridColumns(keys[i])) {
      options.columns = *grid;
      return options;
    }
    if (!IsSpread(keys, i) && keys[i] != "arm") {
      columns.push_back(WithoutEnding(keys[i], " difference"));
    }
  }
  options.columns = columns;
  return options;
}

VerifiedTable VerifyTable(LedgerReader& ledger, const CommittedTable& table, TableForm form,
                          CompareOptions options) {
  VerifiedTable verified = VerifyAsAsked(ledger, table, form, options);
  if (form != TableForm::kCsv || verified.differences.empty()) return verified;
  options.allow_incomplete = true;  // CSV does not say whether it was asked for
  VerifiedTable allowed = VerifyAsAsked(ledger, table, form, options);
  const bool fits = allowed.reason.empty() && allowed.differences.empty();
  return fits ? allowed : verified;
}

}  // namespace upcycle
