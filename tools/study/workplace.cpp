#include "tools/study/workplace.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "experiments/run/device.h"
#include "experiments/scheduling/host_memory.h"
#include "experiments/scheduling/local_executor.h"
#include "experiments/scheduling/placement.h"
#include "experiments/scheduling/slurm_executor.h"
#include "results/ledger/stage_use.h"
#include "tools/terminal/cores.h"

namespace upcycle {
namespace {

// The user's own, as the XDG base directory specification places it; empty where there is no home.
fs::path SiteOfUser() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') return fs::path(config) / "upcycle/site.yaml";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return fs::path(home) / ".config/upcycle/site.yaml";
}

// What the arms say together; kAuto where none says anything.
ExecutorChoice ExecutorOf(const Recipe& recipe) {
  const ExecutorChoice first = recipe.arms.front().settings.execution.executor;
  for (const Arm& arm : recipe.arms) {
    const ExecutorChoice other = arm.settings.execution.executor;
    if (other == first) continue;
    throw Error(Cause::kInput,
                fmt::format("arm \"{}\" asks for execution.executor={} and arm \"{}\" for {}: a "
                            "study is run by one",
                            recipe.arms.front().name, NameOf(first), arm.name, NameOf(other)));
  }
  return first;
}

}  // namespace

Site ReadSite(const StateOptions& state) {
  return LoadSite({SiteOfUser(), state.Root() / "site.yaml"});
}

Workplace ChooseWorkplace(const Recipe& recipe, const StateOptions& state, ExecutorChoice asked) {
  Workplace workplace;
  workplace.site = ReadSite(state);
  ExecutorChoice choice = asked;
  if (choice == ExecutorChoice::kAuto) choice = ExecutorOf(recipe);
  if (choice == ExecutorChoice::kAuto) choice = workplace.site.executor;
  if (choice != ExecutorChoice::kAuto) workplace.executor = choice;
  if (!workplace.IsHere()) return workplace;
  for (const Arm& arm : recipe.arms) RequireDevice(arm.settings.execution.device);
  return workplace;
}

void FindGpus(const Recipe& recipe, bool checked, Workplace* workplace) {
  if (!workplace->IsHere()) return;
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
  workplace->gpus = std::move(survey.gpus);
}

void Arrange(const Workplace& workplace, int jobs, const fs::path& ledger,
             SchedulerOptions* options) {
  options->cores = Cores();
  options->log_policies = LogPoliciesOf(workplace.site);
  options->jobs = jobs > 0 ? jobs : options->cores;
  if (workplace.IsHere()) {
    MachineResources& machine = options->machine;
    machine.gpus = workplace.gpus;
    machine.memory_bytes = AvailableMemoryBytes();
    for (const auto& [stage, use] : ReadStageUse(ledger)) {
      if (use.peak_memory_bytes > 0) machine.measured_peaks[stage] = use.peak_memory_bytes;
    }
    if (!workplace.gpus.empty()) machine.survey_gpus = [] { return SurveyGpus().gpus; };
    return;
  }
  const SlurmSettings& slurm = workplace.site.slurm;
  if (jobs == 0) options->jobs = static_cast<int>(slurm.jobs_at_once);
  options->threads_elsewhere = slurm.threads;
  options->tick = std::chrono::milliseconds(500);  // a shared folder serves many
  fmt::print(stderr,
             "slurm: at most {} jobs in the queue, {} CPUs each where the recipe leaves it open\n",
             options->jobs, slurm.threads);
}

std::unique_ptr<Executor> MakeExecutor(const Workplace& workplace, const StateOptions& state) {
  fs::path program = fs::read_symlink("/proc/self/exe");
  if (workplace.IsHere()) return std::make_unique<LocalExecutor>(std::move(program));
  return std::make_unique<SlurmExecutor>(std::move(program), state.Root(), workplace.site.slurm);
}

}  // namespace upcycle
