// `upcycle run RECIPE`: everything the recipe asks for that is not there yet.

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/files.h"
#include "experiments/run/device.h"
#include "experiments/study/forecast.h"
#include "experiments/study/local_executor.h"
#include "experiments/study/placement.h"
#include "experiments/study/plan.h"
#include "experiments/study/scheduler.h"
#include "kernels/cpu/sgemm_rate.h"
#include "kernels/gpus.h"
#include "results/ledger_writer.h"
#include "tools/commands.h"
#include "tools/cores.h"
#include "tools/progress_display.h"
#include "tools/recipe_options.h"
#include "tools/shell_word.h"
#include "tools/state_options.h"

namespace upcycle {
namespace {

// `upcycle status` holds the lock for a moment when it looks whether anybody does.
constexpr int kLockAttempts = 10;
constexpr std::chrono::milliseconds kLockPause{20};

struct RunOptions {
  RecipeOptions recipe;
  StateOptions state;
  int jobs = 0;
  bool keep_going = false;
  bool dry_run = false;
  bool json = false;
  bool checked = false;
};

RunOptions ParseOptions(const Arguments& arguments) {
  RunOptions options;
  CommandLine line(
      "run RECIPE [options]",
      "Plans the runs of a recipe and makes what is missing: tokens, dense parent, upcycled\n"
      "starts, trainings, evaluations. Ctrl-C writes checkpoints and stops; the same command\n"
      "goes on. A second run of the same recipe does nothing and says why.");
  options.recipe.Declare(line);
  options.state.Declare(line);
  line.Option("jobs,j", &options.jobs, "processes at a time; 0: one for each core");
  line.Flag("keep-going,k", &options.keep_going, "start other stages after one has failed");
  line.Flag("dry-run,n", &options.dry_run, "say what would be done; change nothing on disk");
  line.Flag("checked", &options.checked,
            "do every op of a GPU on the CPU too, and stop at the first that differs");
  line.Flag("json", &options.json, "the outcome as JSON on standard output");
  line.Parse(arguments);
  if (options.jobs < 0)
    throw Error(Cause::kInput, "--jobs counts processes and cannot be negative");
  return options;
}

void PrintNothingToDo(const Study& study) {
  fmt::print(stderr, "{}: all {} stages of {} runs are complete already; nothing to do\n",
             study.recipe.name, study.stages.size(), study.runs.size());
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

// How many stages were not begun although everything they need is there.
int64_t CountHeldBack(const Study& study, const std::map<Fingerprint, StageState>& states) {
  return std::count_if(study.order.begin(), study.order.end(), [&](const Fingerprint& stage) {
    return states.at(stage) == StageState::kPlanned;
  });
}

void PrintOutcome(const Study& study, const StudyOutcome& outcome, int64_t held_back,
                  const RunOptions& options) {
  if (options.json) {
    fmt::print("{}\n", nlohmann::json({{"study", study.recipe.name},
                                       {"done", outcome.done},
                                       {"reused", outcome.reused},
                                       {"failed", outcome.failed},
                                       {"skipped", outcome.skipped},
                                       {"interrupted", outcome.interrupted}})
                           .dump(2));
  }
  const std::string arguments =
      fmt::format("{} --root {}", ShellWord(study.recipe.name), ShellWord(options.state.root));
  fmt::print(stderr, "{}: {} stages done, {} complete already", study.recipe.name, outcome.done,
             outcome.reused);
  if (outcome.failed > 0) fmt::print(stderr, ", {} failed", outcome.failed);
  if (outcome.skipped > 0) fmt::print(stderr, ", {} not started", outcome.skipped);
  if (held_back > 0) {
    fmt::print(stderr, "; --keep-going would have started {} of them all the same", held_back);
  }
  if (outcome.interrupted) {
    fmt::print(stderr, "; stopped on request, the same command goes on\n");
  } else if (outcome.failed > 0) {
    fmt::print(stderr, "; `upcycle status {}` says why\n", arguments);
  } else {
    fmt::print(stderr, "; `upcycle compare {}` shows the table\n", arguments);
  }
}

// What was done once and is done again surprises; the reason must be seen.
void PrintAgain(const Study& study, const std::map<Fingerprint, StagePlan>& plan) {
  const auto labels = StageLabels(study);
  for (const Fingerprint& stage : study.order) {
    if (plan.at(stage).again)
      fmt::print(stderr, "again     {}: {}\n", labels.at(stage), plan.at(stage).why);
  }
}

// Refuses or warns where the recipe sets a budget that what is left of the study exceeds.
void CheckBudget(const Study& study, const std::map<Fingerprint, StagePlan>& plan) {
  if (study.recipe.budget.core_hours == 0) return;  // measuring the machine takes time
  const double rate = 1e9 * MeasureCoreSgemmGflops(0.2);
  const std::string excess = HoldToBudget(study.recipe.budget, ForecastStudy(study, plan, rate));
  if (!excess.empty()) fmt::print(stderr, "warning: {}\n", excess);
}

// The one scheduler of a root. Throws Error(kInput) if there is another.
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

// The GPUs that stages may be placed on; looks for none where every arm asks for the CPU. Throws
// Error(kDevice) where an arm asks for one that cannot be used now.
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

}  // namespace

int RunCommand(const Arguments& arguments) {
  const RunOptions options = ParseOptions(arguments);
  StopSignals stop;  // before any thread, also of a GPU's driver
  const Study study = MakeStudy(options.recipe.Load());
  for (const Arm& arm : study.recipe.arms) RequireDevice(arm.settings.execution.device);
  const fs::path root = options.state.Root();
  if (options.dry_run) {
    PrintIntent(study, PlanStages(study, options.state.StageStates(), root));
    return kExitDone;
  }
  const std::vector<Gpu> gpus = FindGpus(study.recipe, options.checked);
  const FileLock lock = LockRoot(options.state);
  LedgerWriter ledger(options.state.Ledger());
  const auto plan = PlanStages(study, ledger.StageStates(), root);
  CheckBudget(study, plan);
  PrintAgain(study, plan);
  ledger.RecordStudy(RecordOf(study));

  SchedulerOptions scheduling;
  scheduling.cores = Cores();
  scheduling.jobs = options.jobs > 0 ? options.jobs : scheduling.cores;
  scheduling.keep_going = options.keep_going;
  scheduling.gpus = gpus;
  scheduling.checked = options.checked;
  LocalExecutor executor(fs::read_symlink("/proc/self/exe"));
  StudyOutcome outcome;
  {
    ProgressDisplay display(study, plan, ::isatty(STDERR_FILENO) == 1);
    Scheduler scheduler(study, root, ledger, executor, scheduling, display);
    outcome = scheduler.Run(stop);
  }
  if (outcome.done + outcome.failed + outcome.skipped == 0 && !outcome.interrupted)
    PrintNothingToDo(study);
  const bool gave_up = outcome.failed > 0 && !outcome.interrupted && !options.keep_going;
  const int64_t held_back = gave_up ? CountHeldBack(study, ledger.StageStates()) : 0;
  PrintOutcome(study, outcome, held_back, options);
  if (outcome.interrupted) return kExitInterrupted;
  return outcome.failed + outcome.skipped > 0 ? kExitSomeRunFailed : kExitDone;
}

}  // namespace upcycle
