#include "tools/study_run.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "experiments/run/device.h"
#include "experiments/study/forecast.h"
#include "experiments/study/local_executor.h"
#include "experiments/study/placement.h"
#include "kernels/cpu/sgemm_rate.h"
#include "tools/cores.h"
#include "tools/progress_display.h"

namespace upcycle {
namespace {

// `upcycle status` holds the lock for a moment when it looks whether anybody does.
constexpr int kLockAttempts = 10;
constexpr std::chrono::milliseconds kLockPause{20};

void PrintNothingToDo(const Study& study) {
  fmt::print(stderr, "{}: all {} stages of {} runs are complete already; nothing to do\n",
             study.recipe.name, study.stages.size(), study.runs.size());
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
  line.Option("jobs,j", &jobs, "processes at a time; 0: one for each core");
  line.Flag("keep-going,k", &keep_going, "start other stages after one has failed");
  line.Flag("checked", &checked,
            "do every op of a GPU on the CPU too, and stop at the first that differs");
}

void RunEffort::Check() const {
  if (jobs < 0) throw Error(Cause::kInput, "--jobs counts processes and cannot be negative");
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

FileLock LockRoot(const StateOptions& state) {
  MakeDirectories(state.Root());
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    std::optional<FileLock> lock = FileLock::TryAcquire(state.SchedulerLock());
    if (lock) return std::move(*lock);
    std::this_thread::sleep_for(kLockPause);
  }
  throw Error(
      Cause::kInput,
      fmt::format(
          "another `upcycle run` is at work under {}; wait for it, stop it with Ctrl-C there, "
          "or choose another --root",
          state.Root().native()));
}

std::vector<Gpu> FindGpus(const Recipe& recipe, bool checked) {
  const auto on_cpu = [](const Arm& arm) { return arm.settings.execution.device == "cpu"; };
  GpuSurvey survey;
  if (!std::all_of(recipe.arms.begin(), recipe.arms.end(), on_cpu)) survey = SurveyGpus();
  if (checked && survey.gpus.empty()) {
    throw Error(Cause::kInput,
                "--checked compares a GPU's ops with the CPU's, and there is no GPU to use; "
                "`upcycle doctor` says why");
  }
  for (const Arm& arm : recipe.arms) {
    const std::string& device = arm.settings.execution.device;
    if (CanPlace(survey.gpus, device)) continue;
    throw Error(Cause::kDevice,
                fmt::format("arm \"{}\" asks for execution.device={}, which cannot be used now: {}",
                            arm.name, device, survey.problem));
  }
  if (!survey.problem.empty() && CudaDeviceCount() > 0) {
    fmt::print(stderr, "warning: {}\n", survey.problem);
  }
  return survey.gpus;
}

void CheckBudget(const Study& study, const StateOptions& state, LedgerWriter& ledger) {
  if (study.recipe.budget.core_hours == 0) return;  // measuring the machine takes time
  const double rate = 1e9 * MeasureCoreSgemmGflops(0.2);
  const auto plan = PlanStages(study, ledger.StageStates(), state.Root());
  const std::string excess = HoldToBudget(study.recipe.budget, ForecastStudy(study, plan, rate));
  if (!excess.empty()) fmt::print(stderr, "warning: {}\n", excess);
}

StudyOutcome RunStudy(const Study& study, const StudyRecord& record, const StateOptions& state,
                      const RunEffort& effort, const std::vector<Gpu>& gpus, LedgerWriter& ledger,
                      StopSignals& stop) {
  const fs::path root = state.Root();
  const auto plan = PlanStages(study, ledger.StageStates(), root);
  PrintAgain(study, plan);
  ledger.RecordStudy(record);

  SchedulerOptions scheduling;
  scheduling.cores = Cores();
  scheduling.jobs = effort.jobs > 0 ? effort.jobs : scheduling.cores;
  scheduling.keep_going = effort.keep_going;
  scheduling.gpus = gpus;
  scheduling.checked = effort.checked;
  LocalExecutor executor(fs::read_symlink("/proc/self/exe"));
  StudyOutcome outcome;
  {
    ProgressDisplay display(study, plan, ::isatty(STDERR_FILENO) == 1);
    Scheduler scheduler(study, root, ledger, executor, scheduling, display);
    outcome = scheduler.Run(stop);
  }
  if (outcome.done + outcome.failed + outcome.skipped == 0 && !outcome.interrupted) {
    PrintNothingToDo(study);
  }
  return outcome;
}

}  // namespace upcycle
