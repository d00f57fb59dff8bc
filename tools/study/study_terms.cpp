#include "tools/study/study_terms.h"

#include <algorithm>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "core/error.h"
#include "experiments/bench/kept_rates.h"
#include "experiments/scheduling/host_memory.h"
#include "experiments/scheduling/spending.h"
#include "kernels/cpu/sgemm_rate.h"
#include "tools/terminal/cores.h"

namespace upcycle {
namespace {

constexpr double kLongSeconds = 120;  // of a study, in which a probe of seconds is soon earned

// At a rate that no core falls below: measuring the machine takes a moment, which a short study has
// not got.
bool MayBeLong(const Study& study, const std::map<Fingerprint, StagePlan>& plan) {
  const MachineRate slow = {.flops_per_core_second = 1e9, .cores = Cores()};
  return ForecastStudy(study, plan, slow).wall_seconds > kLongSeconds;
}

// Divisions whose trainings fit into the memory that is free.
std::vector<Division> DivisionsThatFit(int64_t bytes_of_one) {
  std::vector<Division> divisions = DivisionsOf(Cores());
  const int64_t available = AvailableMemoryBytes();
  std::erase_if(divisions, [&](const Division& division) {
    return division.jobs > 1 && available > 0 && division.jobs * bytes_of_one > available;
  });
  return divisions;
}

std::vector<DivisionRate> Measure(const Study& study, const Stage& training,
                                  const std::vector<Gpu>& gpus, const fs::path& root,
                                  StopSignals* stop) {
  DivisionProbe probe{.stage = training, .gpus = gpus};
  probe.program = {fs::read_symlink("/proc/self/exe").native(), "probe"};
  if (stop != nullptr) probe.is_stopped = [stop] { return stop->Requests() > 0; };
  MakeDirectories(root);
  fmt::print(stderr, "{}: measuring how its runs best share this machine\n", study.recipe.name);
  return MeasureDivisions(probe, DivisionsThatFit(HostBytesOf(study, training, !gpus.empty())),
                          root);
}

bool WasStopped(StopSignals* stop) { return stop != nullptr && stop->Requests() > 0; }

// From the terminal; false too where the answer does not come because of a request to stop.
bool AskWhetherToGoOn(StopSignals& stop) {
  fmt::print(stderr, "go on all the same? [y/N] ");
  while (stop.Requests() == 0) {
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, /*milliseconds=*/100) <= 0) continue;
    char answer = 0;
    return ::read(STDIN_FILENO, &answer, 1) == 1 && (answer == 'y' || answer == 'Y');
  }
  return false;
}

[[noreturn]] void Refuse(const std::string& excess, const std::string& advice) {
  throw Error(Cause::kInput, fmt::format("the study is predicted to take {}; nothing was started. "
                                         "Give it fewer tokens, arms or seeds, a larger budget, {}",
                                         excess, advice));
}

LeftOut LeaveOutRuns(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                     const MachineRate& rate, const StudyCost& spent, const std::string& excess) {
  BudgetCut cut = CutToBudget(study, plan, rate, spent);
  if (cut.runs.size() == study.runs.size()) {
    Refuse(excess, "or budget.on_exceed=warn: there is no run left that it allows");
  }
  fmt::print(stderr, "{}: predicted to take {}; left out to keep within it:\n", study.recipe.name,
             excess);
  for (const size_t run : cut.runs) {
    fmt::print(stderr, "left out  {}, seed {}\n", study.recipe.arms[study.runs[run].arm].name,
               study.runs[run].seed);
  }
  return cut.stages;
}

}  // namespace

MachineShare ShareMachine(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                          const fs::path& root, int jobs, const std::vector<Gpu>& gpus,
                          Probing probing, StopSignals* stop) {
  const int cores = Cores();
  MachineShare share;
  share.division.jobs = jobs > 0 ? jobs : cores;
  share.rate = {.flops_per_core_second = 1e9 * MeasureCoreSgemmGflops(0.2),
                .cores = cores,
                .gpus = static_cast<int>(gpus.size())};
  const StudyForecast guess = ForecastStudy(study, plan, share.rate);
  if (guess.costliest) {
    const Stage& training = study.stages.at(*guess.costliest);
    const auto used = ReadExecution(training).device == "cpu" ? std::vector<Gpu>() : gpus;
    const KeptRates kept(root);
    const Fingerprint identity = ProbeIdentity(training, used, cores);
    if (probing != Probing::kAlways) share.rates = kept.Find(identity);
    const bool is_long = jobs == 0 && guess.wall_seconds > kLongSeconds;
    if (probing == Probing::kAlways ||
        (probing == Probing::kWhereLong && share.rates.empty() && is_long)) {
      share.rates = Measure(study, training, used, root, stop);
      if (!WasStopped(stop)) kept.Keep(identity, share.rates);
    }
    if (const DivisionRate* best = BestOf(share.rates)) {
      share.rate = CalibratedRate(training, best->steps_per_second, share.rate);
      if (jobs == 0) share.division.jobs = best->division.jobs;
    }
  }
  share.division.threads = std::max(1, cores / share.division.jobs);
  return share;
}

std::string DescribeShare(const MachineShare& share) {
  if (share.rates.empty()) return "";
  std::string text;
  for (const DivisionRate& rate : share.rates) {
    text += fmt::format("{}{}", text.empty() ? "" : "; ", DescribeRate(rate));
  }
  return fmt::format("runs share the machine as -j {}; measured of the costliest training: {}",
                     share.division.jobs, text);
}

StudyTerms AgreeOnTerms(const Study& study, const StateOptions& state, int jobs, bool yes,
                        const Workplace& workplace, StopSignals& stop) {
  const BudgetSettings& budget = study.recipe.budget;
  const bool is_limited = !CompareWithBudget(budget, {}).empty();
  const auto plan = PlanStages(study, state.StageStates(), state.Root());
  if (!is_limited && !MayBeLong(study, plan)) return {.jobs = jobs};
  const MachineShare share =
      ShareMachine(study, plan, state.Root(), jobs, workplace.gpus,
                   workplace.IsHere() ? Probing::kWhereLong : Probing::kNever, &stop);
  if (!share.rates.empty()) fmt::print(stderr, "{}: {}\n", study.recipe.name, DescribeShare(share));
  StudyTerms terms = {.jobs = workplace.IsHere() ? share.division.jobs : jobs};
  if (!is_limited) return terms;
  terms.ends_when_spent = budget.on_exceed != OnExceed::kWarn;
  const StudyCost spent = SpentOn(study, state.Root());
  const StudyForecast left = ForecastStudy(study, plan, share.rate);
  if (left.needed_stages == 0) return terms;
  const std::string excess = DescribeExcess(budget, CostOf(left, spent));
  if (excess.empty()) return terms;
  if (budget.on_exceed == OnExceed::kCut) {
    terms.left_out = LeaveOutRuns(study, plan, share.rate, spent, excess);
    return terms;
  }
  if (budget.on_exceed == OnExceed::kRefuse) Refuse(excess, "or budget.on_exceed=warn");
  fmt::print(stderr, "warning: the study is predicted to take {}\n", excess);
  if (budget.on_exceed == OnExceed::kWarn) return terms;
  if (!yes && ::isatty(STDIN_FILENO) == 0) {
    Refuse(excess, "or say --yes: there is no terminal to ask on");
  }
  if (!yes && !AskWhetherToGoOn(stop)) Refuse(excess, "or say --yes");
  terms.ends_when_spent = false;  // who was asked has seen what it takes
  return terms;
}

}  // namespace upcycle
