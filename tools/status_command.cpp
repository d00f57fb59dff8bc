// `upcycle status [STUDY]`

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/file_lock.h"
#include "results/ledger_reader.h"
#include "results/status.h"
#include "tools/command_line.h"
#include "tools/commands.h"
#include "tools/state_options.h"

namespace upcycle {

int StatusCommand(const Arguments& arguments) {
  std::string study;
  StateOptions state;
  bool json = false;
  CommandLine line(
      "status [STUDY] [options]",
      "What runs and how far it is, what waits and why, what failed and with which message.");
  line.OptionalPositional("STUDY", &study, "a recipe's name; all studies where it is left out");
  state.Declare(line);
  line.Flag("json", &json, "as JSON");
  line.Parse(arguments);
  StatusOptions options;
  if (!study.empty()) options.study = study;
  options.scheduler_at_work = FileLock::IsHeld(state.SchedulerLock());
  LedgerReader ledger(state.Ledger());
  const auto status = ReadStatus(ledger, options);
  fmt::print("{}", json ? StatusJson(status).dump(2) + "\n" : StatusText(status));
  return kExitDone;
}

}  // namespace upcycle
