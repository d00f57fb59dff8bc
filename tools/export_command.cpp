// `upcycle export STUDY --format markdown|csv|latex|json`

#include <fmt/format.h>

#include "core/error.h"
#include "results/comparison/compare_study.h"
#include "results/comparison/comparison_json.h"
#include "results/comparison/comparison_table.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/csv.h"
#include "results/tables/latex.h"
#include "results/tables/markdown.h"
#include "tools/command_line.h"
#include "tools/commands.h"
#include "tools/output_file.h"
#include "tools/state_options.h"

namespace upcycle {
namespace {

std::string Exported(const Comparison& comparison, const std::string& format) {
  if (format == "json") return ToJson(comparison);
  const Table table = TableOf(comparison);
  if (format == "markdown") return ToMarkdown(table);
  if (format == "csv") return ToCsv(table);
  if (format == "latex") return ToLatex(table);
  throw Error(
      Cause::kInput,
      fmt::format("there is no format \"{}\": expected markdown, csv, latex or json", format));
}

}  // namespace

int ExportCommand(const Arguments& arguments) {
  std::string study;
  StateOptions state;
  std::string format = "markdown";
  std::string output;
  bool incomplete = false;
  CommandLine line("export STUDY [options]",
                   "Writes a study's comparison. The bytes are a function of the results alone.");
  line.Positional("STUDY", &study, "a recipe's name");
  state.Declare(line);
  line.Option("format,f", &format, "markdown, csv, latex or json");
  line.Option("output,o", &output, "a file in place of standard output");
  line.Flag("allow-incomplete", &incomplete,
            "judge arms whose seeds are not all there by those that are");
  line.Parse(arguments);
  LedgerReader ledger(state.Ledger());
  const std::string text = Exported(CompareStudy(ledger, study, {incomplete}), format);
  if (output.empty()) {
    fmt::print("{}", text);
  } else {
    WriteOutputFile(output, text);
  }
  return kExitDone;
}

}  // namespace upcycle
