// `upcycle export STUDY --format markdown|csv|latex|html|html-fragment|json`

#include <fmt/format.h>

#include "results/comparison/compare_study.h"
#include "results/comparison/table_forms.h"
#include "results/ledger/ledger_reader.h"
#include "tools/commands.h"
#include "tools/option_values.h"
#include "tools/output_file.h"
#include "tools/state_options.h"
#include "tools/table_options.h"

namespace upcycle {

int ExportCommand(const Arguments& arguments) {
  const ExportArguments order = ParseExport(arguments);
  const auto form = ValueOf<TableForm>("format", order.format);
  LedgerReader ledger(StateOptions{order.root}.Ledger());
  const std::string text = Written(CompareStudy(ledger, order.study, order.asked), form);
  if (order.output.empty()) {
    fmt::print("{}", text);
  } else {
    WriteOutputFile(order.output, text);
  }
  return kExitDone;
}

}  // namespace upcycle
