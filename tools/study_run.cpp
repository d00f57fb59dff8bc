#include "tools/study_run.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/process_identity.h"
#include "core/stopwatch.h"
#include "experiments/run/device.h"
#include "experiments/run/provenance.h"
#include "experiments/scheduling/local_executor.h"
#include "experiments/scheduling/placement.h"
#include "experiments/scheduling/spending.h"
#include "results/root_journal.h"
#include "results/stage_use.h"
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
  line.Option("jobs,j", &jobs,
              "processes at a time; 0: as was measured to be fastest, or one for each core");
  line.Flag("yes,y", &yes, "run although the prediction exceeds a budget that would ask");
  line.Flag("keep-going,k", &keep_going, "start other stages after one has failed");
  line.Option("restarts", &restarts,
              "how often a stage that was killed, or ran out of memory, is tried again without "
              "having got further");
  line.Option("lease", &lease_seconds,
              "seconds without a sign of life after which a worker is ended and tried again");
  line.Flag("checked", &checked,
            "do every op of a GPU on the CPU too, and stop at the first that differs");
}

void RunEffort::Check() const {
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

namespace {

// Why this process does not go on, if it is on this machine and somebody stopped it.
std::string StoppedHint(const ProcessIdentity& process) {
  if (!OpenProcess(process)) return "";
  std::string stat;
  try {
    stat = ReadTextFile(fmt::format("/proc/{}/stat", process.pid));
  } catch (const Error&) {
    return "";
  }
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || stat.compare(name_end + 2, 1, "T") != 0) return "";
  return fmt::format(" It was stopped, with Ctrl-Z perhaps: `fg` or `kill -CONT {}` lets it go on.",
                     process.pid);
}

}  // namespace

nlohmann::json OutcomeJson(const StudyOutcome& outcome) {
  return {{"done", outcome.done},     {"reused", outcome.reused},
          {"failed", outcome.failed}, {"skipped", outcome.skipped},
          {"held", outcome.held},     {"left_out", outcome.left_out},
          {"halted", outcome.halted}, {"interrupted", outcome.interrupted}};
}

FileLock LockRoot(const StateOptions& state) {
  MakeDirectories(state.Root());
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    std::optional<FileLock> lock = FileLock::TryAcquire(state.SchedulerLock());
    if (lock) return std::move(*lock);
    std::this_thread::sleep_for(kLockPause);
  }
  const auto holder = FileLock::HolderOf(state.SchedulerLock()).value_or(ProcessIdentity{});
  throw Error(
      Cause::kInput,
      fmt::format("another `upcycle run` is at work under {}: {}. Wait for it, stop it with "
                  "Ctrl-C there, or choose another --root.{}",
                  state.Root().native(), Describe(holder), StoppedHint(holder)));
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

StudyOutcome RunStudy(const Study& study, const StudyRecord& record, const StateOptions& state,
                      const RunEffort& effort, const std::vector<Gpu>& gpus, LedgerWriter& ledger,
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
    if (terms.left_out.empty()) PrintNothingToDo(study);
    const auto left_out = static_cast<int>(terms.left_out.size());
    return {.reused = static_cast<int>(plan.size()) - left_out, .left_out = left_out};
  }

  SchedulerOptions scheduling;
  scheduling.cores = Cores();
  scheduling.jobs = terms.jobs > 0 ? terms.jobs : effort.jobs;
  if (scheduling.jobs == 0) scheduling.jobs = scheduling.cores;
  scheduling.memory_bytes = AvailableMemoryBytes();
  for (const auto& [stage, use] : ReadStageUse(ledger.path())) {
    if (use.peak_memory_bytes > 0) scheduling.measured_peaks[stage] = use.peak_memory_bytes;
  }
  scheduling.left_out = terms.left_out;
  Spending spending(study, root);
  if (terms.ends_when_spent) scheduling.why_no_more = [&] { return spending.WhyNoMore(); };
  if (!gpus.empty()) scheduling.survey_gpus = [] { return SurveyGpus().gpus; };
  scheduling.keep_going = effort.keep_going;
  scheduling.gpus = gpus;
  scheduling.checked = effort.checked;
  scheduling.restarts = effort.restarts;
  scheduling.lease_seconds = effort.lease_seconds;
  LocalExecutor executor(fs::read_symlink("/proc/self/exe"));
  scheduling.launch = journal.StartLaunch({.study = study.recipe.name,
                                           .host = HostName(),
                                           .pid = ::getpid(),
                                           .command_line = CommandLineOfThisProcess(),
                                           .provenance = Provenance(!gpus.empty()).dump(),
                                           .time = UnixSeconds()});
  StudyOutcome outcome;
  {
    ProgressDisplay display(study, plan, ::isatty(STDERR_FILENO) == 1);
    Control control(study, root, ledger, journal);
    Scheduler scheduler(study, root, ledger, executor, control, scheduling, display);
    outcome = scheduler.Run(stop);
  }
  journal.EndLaunch(
      {.launch = scheduling.launch, .outcome = OutcomeJson(outcome).dump(), .time = UnixSeconds()});
  return outcome;
}

}  // namespace upcycle
