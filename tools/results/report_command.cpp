// `upcycle report STUDY -o FILE.html`

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "results/ledger/ledger_reader.h"
#include "results/report/study_report.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/output_file.h"
#include "tools/terminal/state_options.h"

namespace upcycle {

int ReportCommand(const Arguments& arguments) {
  std::string study, output;
  StateOptions state;
  bool no_machine = false, json = false;
  ReportOptions options;
  CommandLine line(
      "report STUDY [options]",
      "A study as one HTML file that needs nothing else: what was asked, what was found and on\n"
      "what evidence, the table, figures, costs, what went wrong, and where it comes from.");
  line.Positional("STUDY", &study, "a recipe's name");
  state.Declare(line);
  line.Option("output,o", &output, "a file in place of standard output");
  line.Flag("no-machine", &no_machine,
            "results alone, without costs, hosts and times: equal results give equal bytes");
  line.Flag("allow-incomplete", &options.allow_incomplete,
            "judge arms whose seeds are not all there by those that are");
  line.Flag("json", &json, "say as JSON which file was written");
  line.Parse(arguments);
  if (json && output.empty()) {
    throw Error(Cause::kInput, "--json says which file was written: name one with --output");
  }
  options.machine = !no_machine;
  options.stages = state.Root() / "stages";
  if (!output.empty()) RequireOutputFolder(output);
  LedgerReader ledger(state.Ledger());
  const std::string report = StudyReport(ledger, study, options);
  if (output.empty()) {
    fmt::print("{}", report);
  } else {
    WriteOutputFile(output, report);
  }
  if (json) {
    const nlohmann::ordered_json written = {
        {"study", study}, {"file", output}, {"bytes", report.size()}};
    fmt::print("{}\n", written.dump(2));
  }
  return kExitDone;
}

}  // namespace upcycle
