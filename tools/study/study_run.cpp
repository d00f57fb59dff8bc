#include "tools/study/study_run.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/plural.h"
#include "core/process_identity.h"
#include "core/stopwatch.h"
#include "experiments/run/provenance.h"
#include "experiments/scheduling/spending.h"
#include "results/ledger/root_journal.h"
#include "tools/study/progress_display.h"
#include "tools/terminal/option_values.h"

namespace upcycle {
namespace {

void PrintNothingToDo(const Study& study) {
  fmt::print(stderr, "{}: {} of {}, all complete already; nothing to do\n", study.recipe.name,
             Plural(study.stages.size(), "stage"), Plural(study.runs.size(), "run"));
}

// What was done once and is done again surprises; the reason must be seen.
void PrintAgain(const Study& study, const std::map<Fingerprint, StagePlan>& plan) {
  const auto labels = StageLabels(study);
  for (const Fingerprint& stage : study.order) {
    if (plan.at(stage).again)
      fmt::print(stderr, "again     {}: {}\n", labels.at(stage), plan.at(stage).why);
  }
}

}  // namespace

void RunEffort::Declare(CommandLine& line) {
  line.Option("jobs,j", &jobs,
              "processes at a time; 0: as was measured to be fastest, or one for each core, or as "
              "many jobs as site.yaml says");
  line.Option("executor", &executor,
              "who runs them: local (this machine), slurm (a cluster), auto (as the recipe or "
              "site.yaml says)");
  line.Flag("yes,y", &yes, "run although the prediction exceeds a budget that would ask");
  line.Flag("keep-going,k", &keep_going, "start other stages after one has failed");
  line.Option("restarts", &restarts,
              "how often in a row a stage that was killed, lost or interrupted is tried again "
              "without having got further; 0: nothing is tried again");
  line.Option("lease", &lease_seconds,
              "seconds without a sign of life after which a worker is ended and tried again");
  line.Flag("checked", &checked,
            "do every op of a GPU on the CPU too, and stop at the first that differs");
}

ExecutorChoice RunEffort::Executor() const { return ValueOf<ExecutorChoice>("executor", executor); }

void RunEffort::Check() const {
  Executor();
  if (jobs < 0) throw Error(Cause::kInput, "--jobs counts processes and cannot be negative");
  if (restarts < 0) throw Error(Cause::kInput, "--restarts counts attempts and cannot be negative");
  constexpr int kShortestLease = 3;  // heartbeats come every second
  if (lease_seconds < kShortestLease) {
    throw Error(Cause::kInput,
                fmt::format("--lease is at least {} seconds: workers give a sign of life every "
                            "second, and a busy machine delays it",
                            kShortestLease));
  }
}

void PrintIntent(const Study& study, const std::map<Fingerprint, StagePlan>& plan) {
  const auto labels = StageLabels(study);
  bool any = false;
  for (const Fingerprint& stage : study.order) {
    if (!plan.at(stage).needed) continue;
    fmt::print(stderr, "would do  {}: {}\n", labels.at(stage), plan.at(stage).why);
    any = true;
  }
  if (!any) PrintNothingToDo(study);
}

nlohmann::json OutcomeJson(const StudyOutcome& outcome) {
  return {{"done", outcome.done},         {"reused", outcome.reused},
          {"failed", outcome.failed},     {"skipped", outcome.skipped},
          {"held", outcome.held},         {"pruned", outcome.pruned},
          {"left_out", outcome.left_out}, {"unneeded", outcome.unneeded},
          {"halted", outcome.halted},     {"interrupted", outcome.interrupted}};
}

StudyOutcome RunStudy(const Study& study, const StudyRecord& record, const StateOptions& state,
                      const RunEffort& effort, const Workplace& workplace, LedgerWriter& ledger,
                      StopSignals& stop, const StudyTerms& terms) {
  const fs::path root = state.Root();
  const auto plan = PlanStages(study, ledger.StageStates(), root);
  PrintAgain(study, plan);
  RootJournal journal(root, ledger);
  journal.RecordStudy(record);
  const bool any = std::any_of(plan.begin(), plan.end(), [&](auto& p) {
    return p.second.needed && !terms.left_out.contains(p.first);
  });
  if (!any) {
    std::vector<StageChange> left_out_now;
    for (const auto& [stage, reason] : terms.left_out) {
      left_out_now.push_back({stage, StageState::kPlanned, reason});
    }
    ledger.SetStageStates(left_out_now);
    if (terms.left_out.empty()) PrintNothingToDo(study);
    const auto left_out = static_cast<int>(terms.left_out.size());
    return {.reused = static_cast<int>(plan.size()) - left_out, .left_out = left_out};
  }

  SchedulerOptions scheduling;
  Arrange(workplace, terms.jobs > 0 ? terms.jobs : effort.jobs, ledger.path(), &scheduling);
  scheduling.left_out = terms.left_out;
  Spending spending(study, root);
  if (terms.ends_when_spent) scheduling.why_no_more = [&] { return spending.WhyNoMore(); };
  scheduling.keep_going = effort.keep_going;
  scheduling.checked = effort.checked;
  scheduling.restarts = effort.restarts;
  scheduling.lease_seconds = effort.lease_seconds;
  const std::unique_ptr<upcycle::Executor> executor = MakeExecutor(workplace, state);
  scheduling.launch = journal.StartLaunch({.study = study.recipe.name,
                                           .host = HostName(),
                                           .pid = ::getpid(),
                                           .command_line = CommandLineOfThisProcess(),
                                           .provenance = Provenance(!workplace.gpus.empty()).dump(),
                                           .time = UnixSeconds()});
  StudyOutcome outcome;
  {
    ProgressDisplay display(study, plan, ::isatty(STDERR_FILENO) == 1);
    Control control(study, root, ledger, journal);
    Scheduler scheduler(study, root, ledger, *executor, control, scheduling, display);
    outcome = scheduler.Run(stop);
  }
  journal.EndLaunch(
      {.launch = scheduling.launch, .outcome = OutcomeJson(outcome).dump(), .time = UnixSeconds()});
  return outcome;
}

}  // namespace upcycle
