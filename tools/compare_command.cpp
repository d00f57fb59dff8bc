// `upcycle compare STUDY`

#include <fmt/format.h>

#include "results/comparison/compare_study.h"
#include "results/comparison/comparison_json.h"
#include "results/comparison/comparison_table.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/terminal.h"
#include "tools/command_line.h"
#include "tools/commands.h"
#include "tools/state_options.h"
#include "tools/terminal_layout.h"

namespace upcycle {

int CompareCommand(const Arguments& arguments) {
  std::string study;
  StateOptions state;
  bool incomplete = false;
  bool json = false;
  CommandLine line(
      "compare STUDY [options]",
      "The study's arms with means and intervals over seeds, their paired differences from the\n"
      "baseline, and whether these are decided.");
  line.Positional("STUDY", &study, "a recipe's name");
  state.Declare(line);
  line.Flag("allow-incomplete", &incomplete,
            "judge arms whose seeds are not all there by those that are");
  line.Flag("json", &json, "everything in full precision");
  line.Parse(arguments);
  LedgerReader ledger(state.Ledger());
  const Comparison comparison = CompareStudy(ledger, study, {incomplete});
  fmt::print("{}", json ? ToJson(comparison) : ToTerminal(TableOf(comparison), LayoutOfOutput()));
  return kExitDone;
}

}  // namespace upcycle
