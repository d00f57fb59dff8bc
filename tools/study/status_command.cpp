// `upcycle status [STUDY]`

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "results/ledger/ledger_reader.h"
#include "results/status/status.h"
#include "tools/commands.h"
#include "tools/study/status_watch.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

struct Options {
  std::string study;
  StateOptions state;
  bool json = false, watch = false;
  int every = 2;  // seconds
};

std::string ReadText(const Options& options) {
  StatusOptions status;
  if (!options.study.empty()) status.study = options.study;
  status.scheduler_at_work = FileLock::IsHeld(options.state.SchedulerLock());
  LedgerReader ledger(options.state.Ledger());
  const auto studies = ReadStatus(ledger, status);
  return options.json ? StatusJson(studies).dump(2) + "\n" : StatusText(studies);
}

}  // namespace

int StatusCommand(const Arguments& arguments) {
  Options options;
  CommandLine line(
      "status [STUDY] [options]",
      "What runs and how far it is, what waits and why, what failed and with which message.");
  line.OptionalPositional("STUDY", &options.study,
                          "a recipe's name; all studies where it is left out");
  options.state.Declare(line);
  line.Flag("json", &options.json, "as JSON");
  line.Flag("watch,w", &options.watch,
            "on a terminal a live view with curves, until Ctrl-C; elsewhere once");
  line.Option("every", &options.every, "seconds between two looks of --watch");
  line.Parse(arguments);
  if (options.every < 1) throw Error(Cause::kInput, "--every is at least 1 second");
  if (options.watch && !options.json && ::isatty(STDOUT_FILENO) == 1) {
    WatchStatus(options.state, {.study = options.study, .every_seconds = options.every});
    return kExitDone;
  }
  fmt::print("{}", ReadText(options));
  return kExitDone;
}

}  // namespace upcycle
