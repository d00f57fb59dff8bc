// `upcycle compare STUDY`

#include <fmt/format.h>

#include "results/comparison/cell_source.h"
#include "results/comparison/compare_study.h"
#include "results/comparison/comparison_json.h"
#include "results/comparison/comparison_table.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/terminal.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/state_options.h"
#include "tools/terminal/table_options.h"
#include "tools/terminal/terminal_layout.h"

namespace upcycle {
namespace {

std::string CellText(LedgerReader& ledger, const Comparison& comparison, const std::string& cell,
                     const fs::path& stages, bool json) {
  const CellSource source = TraceCell(ledger, comparison, cell);
  return json ? ToJson(source, stages.native()) : ToText(source, stages.native());
}

}  // namespace

int CompareCommand(const Arguments& arguments) {
  std::string study;
  std::string cell;
  StateOptions state;
  TableOptions table;
  bool json = false;
  CommandLine line(
      "compare STUDY [options]",
      "The study's arms with means and intervals over seeds, their paired differences from the\n"
      "baseline, and whether these are decided.");
  line.Positional("STUDY", &study, "a recipe's name");
  state.Declare(line);
  table.Declare(line);
  line.Option("cell", &cell,
              "ARM,COLUMN: the runs behind that cell, its pairs, and how it was made of them");
  line.Flag("json", &json, "everything in full precision");
  line.Parse(arguments);
  LedgerReader ledger(state.Ledger());
  const Comparison comparison = CompareStudy(ledger, study, table.Asked());
  if (!cell.empty()) {
    const fs::path stages = fs::path(state.root) / "stages";
    fmt::print("{}", CellText(ledger, comparison, cell, stages, json));
  } else if (json) {
    fmt::print("{}", ToJson(comparison));
  } else {
    fmt::print("{}", ToTerminal(TableOf(comparison), LayoutOfOutput()));
  }
  return kExitDone;
}

}  // namespace upcycle
