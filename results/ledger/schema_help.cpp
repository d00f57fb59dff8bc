#include "results/ledger/schema_help.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

constexpr ColumnHelp kColumns[] = {
    {"study", "id", "the number that other tables name it by"},
    {"study", "name, description", "as in the recipe; the name is its identity"},
    {"study", "recipe", "JSON: the recipe with bases and overrides resolved"},
    {"study", "metric, goal", "the primary metric; `minimize` or `maximize`"},
    {"study", "baseline", "name of the arm that differences are taken to; empty: none"},
    {"study", "matched_on", "what the budgets of the arms were made equal in; empty: nothing"},
    {"study", "record", "fingerprint of all that was recorded of it"},
    {"study", "table_settings",
     "JSON `{rows, columns, cell, bold, sort, only_changed, interval, digits, margin, first_seeds, "
     "most_seeds}`"},
    {"arm", "id", "the number that other tables name it by"},
    {"arm", "study, position, name", "its place in the recipe, from 0"},
    {"arm", "changes, settings",
     "JSON: what differs from the recipe's base; all that decides results"},
    {"arm", "cost",
     "JSON `{parameters_total, parameters_active, train_flops, train_tokens, parent_train_flops, "
     "branch_train_flops, experts}` of one run"},
    {"arm", "absent", "1: it has left the recipe; its results stay"},
    {"run", "id", "the number that other tables name it by"},
    {"run", "arm, seed, absent", "one seed of an arm"},
    {"run_stage", "run, role, number, stage",
     "the run's stage as `tokens`, `parent`, `parent_evaluate`, `branch` (from number 0), `start`, "
     "`train`, `evaluate` or `benchmark` (from number 0; texts too)"},
    {"stage", "id", "the number that other tables name it by"},
    {"stage", "fingerprint", "32 hexadecimal digits: its identity, whichever study asks for it"},
    {"stage", "kind, settings", "for people; JSON of what the fingerprint was made of"},
    {"stage", "state, reason",
     "`planned`, `waiting`, `running`, `complete`, `failed`, `diverged`, `stopped`, `pruned`; why"},
    {"stage", "journal_offset", "bytes of its journal that were taken over"},
    {"stage", "step, steps", "the last `progress` event"},
    {"stage_input", "stage, input", "whose output it reads"},
    {"attempt", "stage, number", "executions of a stage, from 1"},
    {"attempt", "launch", "the `launch` it belongs to; NULL: a worker started by hand"},
    {"attempt", "started, ended", "seconds since 1970"},
    {"attempt", "host, pid, device", "where"},
    {"attempt", "provenance",
     "JSON: version and build, processor or GPU and its driver, libraries, command line"},
    {"attempt", "outcome, cause, message",
     "NULL outcome: not ended; cause in the words of `core/error.h`"},
    {"attempt", "exit_code, signal", "of its process; NULL where it was not seen"},
    {"attempt", "peak_memory_bytes, wall_seconds, cpu_seconds",
     "what it took; the last of all threads"},
    {"launch", "number, study", "each `upcycle run` that had something to do, from 1"},
    {"launch", "started, ended, host, pid", "NULL ended: it is under way, or was killed"},
    {"launch", "command_line, provenance, outcome",
     "as a shell takes it; JSON as of attempts; JSON: stages done, failed, …"},
    {"hold", "study, arm, seed", "what is not to run; empty: all of them"},
    {"hold", "kind, set_by, set_at", "`paused` or `cancelled`; by whom and when"},
    {"root", "journal_offset", "bytes of the root's journal that were taken over"},
    {"metric", "id", "the number that other tables name it by"},
    {"metric", "name", "`validation/loss`"},
    {"point", "stage, metric, step, value", "one value of a series"},
    {"latest", "stage, metric, step, value",
     "the newest point of each series, so that lists never scan `point`"},
    {"item", "stage, task, number", "one question of a benchmark; from 0"},
    {"item", "record, answer", "of the question itself; the right choice"},
    {"item", "correct, correct_normalised",
     "by log-likelihood; over characters, NULL where the task has none"},
    {"item", "log_likelihoods", "JSON: of the choices, in nats"},
    {"result", "stage, metric, value, standard_error, count", "a final value; over how many items"},
};

std::vector<std::string_view> NamesIn(std::string_view columns) {
  constexpr std::string_view kBetween = ", ";
  std::vector<std::string_view> names;
  while (true) {
    const size_t end = columns.find(kBetween);
    names.push_back(columns.substr(0, end));
    if (end == std::string_view::npos) return names;
    columns.remove_prefix(end + kBetween.size());
  }
}

// Without the marks that Markdown sets code in.
std::string PlainText(std::string_view markdown) {
  std::string text(markdown);
  std::erase(text, '`');
  return text;
}

}  // namespace

std::span<const ColumnHelp> LedgerColumns() { return kColumns; }

std::string LedgerColumnsMarkdown() {
  std::string text = "| table | column | meaning |\n|---|---|---|\n";
  std::string_view table;
  for (const ColumnHelp& help : kColumns) {
    text += fmt::format("| {} | {} | {} |\n", help.table == table ? "" : help.table, help.columns,
                        help.meaning);
    table = help.table;
  }
  return text;
}

std::string LedgerColumnsText(size_t width) {
  constexpr size_t kIndent = 4;
  std::string text;
  std::string_view table;
  for (const ColumnHelp& help : kColumns) {
    if (help.table != table) text += fmt::format("{}{}\n", table.empty() ? "" : "\n", help.table);
    table = help.table;
    text += fmt::format("  {}\n    {}\n", help.columns,
                        Wrapped(PlainText(help.meaning), width, kIndent, kIndent));
  }
  return text;
}

nlohmann::json LedgerColumnsJson() {
  nlohmann::json list = nlohmann::json::array();
  for (const ColumnHelp& help : kColumns) {
    for (const std::string_view column : NamesIn(help.columns)) {
      list.push_back(
          {{"table", help.table}, {"column", column}, {"meaning", PlainText(help.meaning)}});
    }
  }
  return list;
}

}  // namespace upcycle
