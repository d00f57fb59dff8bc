// `upcycle stop`, `pause`, `cancel` and `resume`: what somebody asks of studies that run, or that
// are to run later.

#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/process_identity.h"
#include "core/stopwatch.h"
#include "experiments/scheduling/control.h"
#include "results/ledger/ledger_reader.h"
#include "tools/commands.h"
#include "tools/study/study_run.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/run_selector.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

constexpr double kPatienceSeconds = 20;  // a scheduler may wait for a slow disk

std::string WhoAsks() {
  const passwd* user = ::getpwuid(::geteuid());
  return fmt::format("{}@{}", user == nullptr ? "somebody" : user->pw_name, HostName());
}

// What is asked of which study, and how it came out.
struct Asked {
  std::vector<Request> requests;
  bool by_scheduler = false;  // which was at work, and did it
};

// Leaves the requests for the scheduler and waits until it did them. Those that it ended before it
// did.
std::vector<Request> AskScheduler(const StateOptions& state, const std::vector<Request>& requests,
                                  const ProcessIdentity& scheduler) {
  std::vector<fs::path> left;
  for (const Request& request : requests) left.push_back(LeaveRequest(state.Root(), request));
  std::vector<Request> undone;
  const Stopwatch waiting;
  for (size_t i = 0; i < left.size(); ++i) {
    while (fs::exists(left[i])) {
      if (!FileLock::IsHeld(state.SchedulerLock())) {
        // Taken back, unless the next scheduler has found it meanwhile.
        if (fs::remove(left[i])) undone.push_back(requests[i]);
        break;
      }
      if (waiting.Seconds() > kPatienceSeconds) {
        throw Error(Cause::kInterrupted,
                    fmt::format("{}, which schedules here, did not answer within {:g} s; it will "
                                "do what was asked as soon as it goes on",
                                Describe(scheduler), kPatienceSeconds));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  return undone;
}

void ApplyWithoutScheduler(const StateOptions& state, const std::vector<Request>& requests) {
  LedgerWriter ledger(state.Ledger());
  RootJournal journal(state.Root(), ledger);
  for (const Request& request : requests) {
    ApplyToHolds(request, LedgerReader(state.Ledger()).ReadHolds(), journal);
  }
}

// By the scheduler, if there is one. Whether it did all of them.
bool HaveDone(const StateOptions& state, std::vector<Request> requests) {
  while (true) {
    if (const auto lock = FileLock::TryAcquire(state.SchedulerLock())) {
      ApplyWithoutScheduler(state, requests);
      return false;
    }
    const auto scheduler = FileLock::HolderOf(state.SchedulerLock());
    requests = AskScheduler(state, requests, scheduler.value_or(ProcessIdentity{}));
    if (requests.empty()) return true;
  }
}

// Holds wider than a run to be resumed would still keep it.
void RefuseToResumePartOf(const Request& request, const std::vector<HoldSet>& holds) {
  for (const HoldSet& hold : holds) {
    const bool is_wider =
        hold.scope.study == request.scope.study && hold.scope != request.scope &&
        (hold.scope.arm.empty() || (hold.scope.arm == request.scope.arm && !hold.scope.seed));
    const bool is_narrower = request.scope.arm.empty();
    if (!is_wider || is_narrower) continue;
    throw Error(
        Cause::kInput,
        fmt::format("{} is {} as a whole; `upcycle resume` that, and then hold what should "
                    "not run",
                    hold.scope.arm.empty() ? "study " + hold.scope.study : "arm " + hold.scope.arm,
                    NameOf(hold.kind)));
  }
}

std::vector<Request> RequestsFor(RequestKind kind, const std::string& study,
                                 const std::vector<std::string>& runs, LedgerReader& ledger) {
  const std::string by = WhoAsks();
  const StudyFacts facts = ledger.ReadStudy(study);
  std::vector<Request> requests;
  for (const std::string& word : runs) {
    const RunSelector run = ParseRunSelector(word, facts);
    if (run.place) {
      throw Error(Cause::kInput, fmt::format("\"{}\" is one stage; name a run, as ARM/SEED", word));
    }
    requests.push_back({kind, {study, run.arm, run.seed}, by});
  }
  if (runs.empty()) requests.push_back({kind, {.study = study}, by});
  if (kind == RequestKind::kResume) {
    for (const Request& request : requests) RefuseToResumePartOf(request, ledger.ReadHolds());
  }
  return requests;
}

nlohmann::json JsonOf(const Asked& asked) {
  nlohmann::json list = nlohmann::json::array();
  for (const Request& request : asked.requests) {
    nlohmann::json json = {{"request", NameOf(request.kind)},
                           {"study", request.scope.study},
                           {"scheduler_at_work", asked.by_scheduler}};
    if (!request.scope.arm.empty()) json["arm"] = request.scope.arm;
    if (request.scope.seed) json["seed"] = *request.scope.seed;
    list.push_back(std::move(json));
  }
  return list;
}

std::string ScopeText(const HoldScope& scope) {
  std::string text = scope.study;
  if (!scope.arm.empty()) text += ", arm " + scope.arm;
  if (scope.seed) text += fmt::format(", seed {}", *scope.seed);
  return text;
}

std::string_view WhatWasDone(RequestKind kind) {
  if (kind == RequestKind::kResume) return "resumed";
  return kind == RequestKind::kPause ? "paused" : "cancelled";
}

std::string WhatFollows(RequestKind kind, bool by_scheduler) {
  if (kind == RequestKind::kResume) {
    return by_scheduler ? "" : "; `upcycle run` with its recipe goes on";
  }
  return by_scheduler ? "; what runs of it writes a checkpoint and ends" : "";
}

void Print(const Asked& asked) {
  for (const Request& request : asked.requests) {
    fmt::print("{} {}{}\n", WhatWasDone(request.kind), ScopeText(request.scope),
               WhatFollows(request.kind, asked.by_scheduler));
  }
}

int HoldCommand(RequestKind kind, const char* usage, const char* summary,
                const Arguments& arguments) {
  std::string study;
  std::vector<std::string> runs;
  StateOptions state;
  bool json = false;
  CommandLine line(usage, summary);
  line.Positional("STUDY", &study, "a recipe's name");
  line.Positionals("RUN", &runs, "ARM or ARM/SEED; the whole study where none is named");
  state.Declare(line);
  line.Flag("json", &json, "what was done as JSON");
  line.Parse(arguments);
  LedgerReader ledger(state.Ledger());
  Asked asked = {.requests = RequestsFor(kind, study, runs, ledger)};
  asked.by_scheduler = HaveDone(state, asked.requests);
  if (json) {
    fmt::print("{}\n", JsonOf(asked).dump(2));
  } else {
    Print(asked);
  }
  return kExitDone;
}

}  // namespace

int PauseCommand(const Arguments& arguments) {
  return HoldCommand(
      RequestKind::kPause, "pause STUDY [RUN...] [options]",
      "Lets runs write checkpoints and wait until `upcycle resume`. Where a study is\n"
      "at work it goes on with its other runs, and waits for those at the end.",
      arguments);
}

int CancelCommand(const Arguments& arguments) {
  return HoldCommand(
      RequestKind::kCancel, "cancel STUDY [RUN...] [options]",
      "Ends runs, with a checkpoint, and begins them no more, now and later. What is\n"
      "recorded of them stays. `upcycle resume` takes it back.",
      arguments);
}

int ResumeCommand(const Arguments& arguments) {
  return HoldCommand(RequestKind::kResume, "resume STUDY [RUN...] [options]",
                     "Lets runs go on that were paused or cancelled.", arguments);
}

int StopCommand(const Arguments& arguments) {
  std::string study;
  StateOptions state;
  bool now = false, json = false;
  CommandLine line(
      "stop [STUDY] [options]",
      "What Ctrl-C is where a study runs, from elsewhere: checkpoints are written, and\n"
      "the same command goes on.");
  line.OptionalPositional("STUDY", &study, "a recipe's name; whatever runs where it is left out");
  state.Declare(line);
  line.Flag("now", &now, "end the workers at once; they go on from their last checkpoints");
  line.Flag("json", &json, "what was done as JSON");
  line.Parse(arguments);
  if (!study.empty()) LedgerReader(state.Ledger()).ReadStudy(study);
  const auto scheduler = FileLock::HolderOf(state.SchedulerLock());
  Asked asked = {
      .requests = {{now ? RequestKind::kKill : RequestKind::kStop, {.study = study}, WhoAsks()}}};
  if (scheduler) asked.by_scheduler = AskScheduler(state, asked.requests, *scheduler).empty();
  if (json) {
    fmt::print("{}\n", JsonOf(asked).dump(2));
  } else if (asked.by_scheduler) {
    fmt::print("{} was told to stop\n", Describe(*scheduler));
  } else {
    fmt::print("nothing runs under {}\n", state.Root().native());
  }
  return kExitDone;
}

}  // namespace upcycle
