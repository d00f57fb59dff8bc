// `upcycle status [STUDY]`

#include <chrono>
#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/stop_signals.h"
#include "results/ledger/ledger_reader.h"
#include "results/status/status.h"
#include "tools/command_line.h"
#include "tools/commands.h"
#include "tools/state_options.h"

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

// Again and again until somebody has seen enough. On a terminal in place; elsewhere what changed.
int Watch(const Options& options) {
  constexpr std::chrono::milliseconds kLook{100};
  StopSignals stop;
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  std::string shown;
  while (true) {
    const std::string text = ReadText(options);
    if (terminal) {
      fmt::print("\x1b[H\x1b[2J{}", text);
    } else if (text != shown) {
      fmt::print("{}{}", shown.empty() || options.json ? "" : "\n", text);
    }
    if (std::fflush(stdout) != 0) return kExitDone;  // nobody reads it any more
    shown = text;
    for (auto waited = kLook; waited <= std::chrono::seconds(options.every); waited += kLook) {
      if (stop.Requests() > 0) return kExitDone;
      std::this_thread::sleep_for(kLook);
    }
  }
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
  line.Flag("watch,w", &options.watch, "again and again, until Ctrl-C");
  line.Option("every", &options.every, "seconds between two looks of --watch");
  line.Parse(arguments);
  if (options.every < 1) throw Error(Cause::kInput, "--every is at least 1 second");
  if (options.watch) return Watch(options);
  fmt::print("{}", ReadText(options));
  return kExitDone;
}

}  // namespace upcycle
