// `upcycle logs [STUDY] [RUN...]`: what the processes of stages printed.

#include <chrono>
#include <cstdio>
#include <map>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/stop_signals.h"
#include "experiments/run/stage_folder.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/terminal_text.h"
#include "tools/commands.h"
#include "tools/study/log_reader.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/run_selector.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPause{200};
constexpr int kPausesBetweenLooks = 5;  // at the ledger

struct LogsOptions {
  std::string study;
  std::vector<std::string> runs;
  StateOptions state;
  bool follow = false;
  int lines = 0;
  bool json = false;
};

LogsOptions ParseOptions(const Arguments& arguments) {
  LogsOptions options;
  CommandLine line("logs [STUDY] [RUN...] [options]",
                   "What the processes of runs printed. Without RUN: of all that runs, failed or "
                   "was stopped.");
  line.OptionalPositional("STUDY", &options.study, "its name; all studies where it is left out");
  line.Positionals("RUN", &options.runs,
                   "ARM, ARM/SEED, ARM/SEED/ROLE, or a stage by its fingerprint's first digits");
  options.state.Declare(line);
  line.Flag("follow,f", &options.follow,
            "go on with what is added, until nothing runs any more or Ctrl-C");
  line.Option("lines,n", &options.lines, "the last lines of each; 0: all of them");
  line.Flag("json", &options.json, "as JSON; with --follow one object a line");
  line.Parse(arguments);
  if (options.lines < 0) throw Error(Cause::kInput, "--lines counts lines: at least 0");
  return options;
}

// One stage's log, and what it is the log of.
struct StageLog {
  std::string study;
  std::string name;
  StageFacts stage;
  LogReader reader;
};

bool IsOfInterest(StageState state) {
  return state != StageState::kPlanned && state != StageState::kWaiting &&
         state != StageState::kComplete;
}

class Logs {
 public:
  explicit Logs(const LogsOptions& options)
      : options_(options), root_(options.state.Root()), ledger_(options.state.Ledger()) {}

  // Looks what there is: logs that were not there before are shown from now on.
  void Look() {
    const Transaction snapshot = ledger_.Snapshot();
    const std::vector<std::string> studies =
        options_.study.empty() ? ledger_.StudyNames() : std::vector<std::string>{options_.study};
    for (const std::string& name : studies) LookAt(ledger_.ReadStudy(name));
  }

  bool Empty() const { return logs_.empty(); }

  void Print() {
    for (StageLog* log : order_) {
      if (order_.size() > 1) PrintHead(*log);
      bool any = false;
      const auto print = [&](const std::string& line) {
        fmt::print("{}\n", Printable(line));
        any = true;
      };
      ForEachLine(log->reader, print);
      if (!any && order_.size() == 1) fmt::print(stderr, "{}\n", WhyEmpty(*log));
      if (!any && order_.size() > 1) fmt::print("{}\n", WhyEmpty(*log));
    }
  }

  json Json() {
    json list = json::array();
    for (StageLog* log : order_) {
      json lines = json::array();
      ForEachLine(log->reader, [&](const std::string& line) { lines.push_back(line); });
      list.push_back({{"study", log->study},
                      {"name", log->name},
                      {"stage", log->stage.fingerprint.Hex()},
                      {"state", NameOf(log->stage.state)},
                      {"reason", log->stage.reason},
                      {"path", log->reader.path().native()},
                      {"lines", std::move(lines)}});
    }
    return list;
  }

  // Until nobody writes any more, or a stop is asked for.
  void Follow(StopSignals& stop) {
    for (int round = 1;; ++round) {
      const bool last = stop.Requests() > 0 || !AnybodyAtWork();
      if (last || round % kPausesBetweenLooks == 0) Look();
      for (StageLog* log : order_) {
        for (auto lines = log->reader.Next(); !lines.empty(); lines = log->reader.Next()) {
          for (const std::string& line : lines) PrintFollowed(*log, line);
        }
        const std::string rest = last ? log->reader.Rest() : "";
        if (!rest.empty()) PrintFollowed(*log, rest);
      }
      if (std::fflush(stdout) != 0) {
        throw std::system_error(errno, std::generic_category(), "standard output");
      }
      if (last) return;
      std::this_thread::sleep_for(kPause);
    }
  }

 private:
  void LookAt(const StudyFacts& study) {
    const auto names = StageNames(study);
    std::map<Fingerprint, size_t> places;
    for (size_t i = 0; i < study.stages.size(); ++i) places[study.stages[i].fingerprint] = i;
    for (const Fingerprint& stage : SelectStages(options_.runs, study)) {
      const size_t place = places.at(stage);
      if (options_.runs.empty() && !IsOfInterest(study.stages[place].state)) continue;
      Add(study.name, names[place], study.stages[place]);
    }
  }

  // A stage that several studies share has one log.
  void Add(const std::string& study, const std::string& name, const StageFacts& stage) {
    const StageFolder folder(root_, stage.fingerprint);
    const auto [log, is_new] =
        logs_.try_emplace(stage.fingerprint, StageLog{study, name, stage, LogReader(folder.log())});
    log->second.stage = stage;
    if (!is_new) return;
    if (options_.lines > 0) log->second.reader.SkipToLast(options_.lines);
    order_.push_back(&log->second);
  }

  template <typename Take>
  static void ForEachLine(LogReader& reader, Take take) {
    for (auto lines = reader.Next(); !lines.empty(); lines = reader.Next()) {
      for (const std::string& line : lines) take(line);
    }
    const std::string rest = reader.Rest();
    if (!rest.empty()) take(rest);
  }

  void PrintHead(const StageLog& log) const {
    const StageFacts& stage = log.stage;
    fmt::print("{}── {}{}, {}, {}{}\n", &log == order_.front() ? "" : "\n",
               options_.study.empty() ? log.study + " " : "", Printable(log.name),
               stage.fingerprint.Short(), NameOf(stage.state),
               stage.reason.empty() ? "" : ": " + Printable(stage.reason));
  }

  static std::string WhyEmpty(const StageLog& log) {
    std::error_code ignored;
    if (fs::exists(log.reader.path(), ignored)) return "(it has printed nothing)";
    return fmt::format("(no process was started yet: {}{})", NameOf(log.stage.state),
                       log.stage.reason.empty() ? "" : " " + Printable(log.stage.reason));
  }

  void PrintFollowed(const StageLog& log, const std::string& line) const {
    if (options_.json) {
      const json object = {{"study", log.study},
                           {"name", log.name},
                           {"stage", log.stage.fingerprint.Hex()},
                           {"line", line}};
      fmt::print("{}\n", object.dump(-1, ' ', false, json::error_handler_t::replace));
    } else if (order_.size() == 1) {
      fmt::print("{}\n", Printable(line));
    } else {
      fmt::print("{} | {}\n", Printable(log.name), Printable(line));
    }
  }

  // The scheduler, which may begin another attempt, or a worker that has outlived it.
  bool AnybodyAtWork() const {
    if (FileLock::IsHeld(options_.state.SchedulerLock())) return true;
    return std::ranges::any_of(order_, [&](const StageLog* log) {
      return FileLock::IsHeld(StageFolder(root_, log->stage.fingerprint).lock());
    });
  }

  const LogsOptions& options_;
  fs::path root_;
  LedgerReader ledger_;
  std::map<Fingerprint, StageLog> logs_;
  std::vector<StageLog*> order_;  // as they were found
};

}  // namespace

int LogsCommand(const Arguments& arguments) {
  const LogsOptions options = ParseOptions(arguments);
  Logs logs(options);
  logs.Look();
  if (options.follow) {
    StopSignals stop;
    logs.Follow(stop);
  } else if (options.json) {
    fmt::print("{}\n", logs.Json().dump(2, ' ', false, json::error_handler_t::replace));
  } else {
    logs.Print();
  }
  if (logs.Empty() && !options.json) {
    fmt::print(stderr,
               "nothing runs or has failed; name a run, as in `upcycle logs STUDY ARM/0`\n");
  }
  return kExitDone;
}

}  // namespace upcycle
