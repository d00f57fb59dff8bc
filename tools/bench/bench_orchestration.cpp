#include "tools/bench/bench_orchestration.h"

#include <cerrno>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "experiments/bench/ledger_benchmark.h"
#include "experiments/bench/planning_benchmark.h"
#include "experiments/bench/scheduling_benchmark.h"
#include "experiments/bench/sweep.h"
#include "experiments/scheduling/local_executor.h"
#include "kernels/backend.h"
#include "tools/terminal/recipe_options.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

struct Sizes {
  SweepSize scheduled = {.rates = 20, .capacities = 5, .seeds = 10};
  SweepSize planned = {.rates = 100, .capacities = 10, .seeds = 10};
  int64_t points = 1000;  // a run
};

constexpr Sizes kQuick = {.scheduled = {.rates = 2, .capacities = 2, .seeds = 2},
                          .planned = {.rates = 5, .capacities = 4, .seeds = 5},
                          .points = 100};

// A new folder, removed with all that is in it.
class ScratchFolder {
 public:
  explicit ScratchFolder(const fs::path& above) {
    std::string name = (above / "upcycle-bench-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr)
      throw SystemError("make a folder in", above.native(), errno);
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Target {
  double value;
  bool at_most = true;  // else at least

  bool MetBy(double measured) const { return at_most ? measured <= value : measured >= value; }
};

struct Row {
  const char* key;  // for programs
  const char* what;
  std::string of;
  double value;
  const char* unit;
  std::optional<double> cpu_seconds = std::nullopt;  // beside seconds on the clock
};

class Report {
 public:
  explicit Report(const OrchestrationBench& bench) : quick_(bench.quick) {
    json_ = {{"processor", MakeCpuBackend(1)->Name()},
             {"jobs", bench.jobs},
             {"quick", bench.quick},
             {"counts", Json::object()},
             {"rows", Json::array()}};
  }

  void Count(const char* what, int64_t count) { json_["counts"][what] = count; }

  void Add(const Row& row, const std::optional<Target>& target = std::nullopt) {
    Json json = {{"key", row.key},
                 {"what", row.what},
                 {"of", row.of},
                 {"value", row.value},
                 {"unit", row.unit}};
    if (row.cpu_seconds) json["cpu_seconds"] = *row.cpu_seconds;
    if (target && !quick_) {
      json["target"] =
          fmt::format("{} {} {}", target->at_most ? "≤" : "≥", target->value, row.unit);
      json["met"] = target->MetBy(row.value);
    }
    json_["rows"].push_back(std::move(json));
  }

  // How long something took, on the clock.
  void AddSeconds(const char* key, const char* what, const std::string& of, const TimeTaken& taken,
                  const std::optional<Target>& target = std::nullopt) {
    Add({key, what, of, taken.wall_seconds, "s", taken.cpu_seconds}, target);
  }

  Json Take() { return std::move(json_); }

 private:
  bool quick_;
  Json json_;
};

void Tell(const std::string& step) { fmt::print(stderr, "{} …\n", step); }

Study PlanSweep(const SweepSize& size, const fs::path& folder, PlanningFigures* figures) {
  const fs::path recipe = folder / "sweep.yaml";
  WriteFileAtomically(recipe, SweepRecipe(size));
  auto [study, planning] = MeasurePlanning(recipe, KnowFiles(), folder);
  if (figures != nullptr) *figures = planning;
  return std::move(study);
}

void AddScheduling(const SchedulingFigures& figures, Report& report) {
  const double runs = static_cast<double>(figures.runs);
  const double processes = static_cast<double>(figures.processes);
  const double cpu_ms = 1e3 * figures.taken.cpu_seconds;
  const std::string of = fmt::format("{} runs, {} processes", figures.runs, figures.processes);
  report.Count("runs", figures.runs);
  report.Count("processes", figures.processes);
  report.Add({"coordinator_cpu", "schedule, CPU time a run", of, cpu_ms / runs, "ms"}, Target{10});
  report.Add(
      {"coordinator_cpu_process", "schedule, CPU time a process", of, cpu_ms / processes, "ms"});
  report.Add({"schedule_wall", "schedule and run, a process", of,
              1e3 * figures.taken.wall_seconds / processes, "ms"});
}

void AddPlanning(const PlanningFigures& figures, Report& report) {
  report.Count("planned", figures.runs);
  report.AddSeconds("plan", "plan", fmt::format("{} runs, {} stages", figures.runs, figures.stages),
                    figures.taken, Target{2});
}

void AddLedger(const LedgerFigures& figures, Report& report) {
  const double points = static_cast<double>(figures.points);
  const std::string runs = fmt::format("{} runs", figures.runs);
  const std::string all = fmt::format("{}, {} points", runs, figures.points);
  report.Count("points", figures.points);
  report.AddSeconds("record", "record the study", runs, figures.record);
  report.Add({"ingest", "ingest", all, points / figures.ingest.wall_seconds, "points/s"},
             Target{200'000, /*at_most=*/false});
  report.Add({"bytes", "ledger's size", all, static_cast<double>(figures.bytes) / points,
              "bytes a point"});
  report.AddSeconds("status", "status", all, figures.status, Target{0.5});
  report.AddSeconds("compare", "compare", all, figures.compare, Target{0.5});
}

std::string ValueText(const Json& row) {
  const double value = row.at("value").get<double>();
  const std::string text = fmt::format(
      "{} {}", value >= 1000 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value),
      row.at("unit").get<std::string>());
  if (!row.contains("cpu_seconds")) return text;
  return text + fmt::format(" (CPU {:.3g} s)", row.at("cpu_seconds").get<double>());
}

std::string TargetText(const Json& row) { return row.value("target", "–"); }

std::string MetText(const Json& row) {
  return row.contains("met") ? (row.at("met").get<bool>() ? "ok" : "no") : "–";
}

}  // namespace

Json MeasureOrchestration(const OrchestrationBench& bench) {
  const Sizes sizes = bench.quick ? kQuick : Sizes{};
  StopSignals stop;  // before any thread
  const ScratchFolder scratch(bench.folder);
  Report report(bench);

  Tell(fmt::format("scheduling {} runs without work", sizes.scheduled.Runs()));
  const Study scheduled = PlanSweep(sizes.scheduled, scratch.path(), nullptr);
  LocalExecutor executor(fs::read_symlink("/proc/self/exe"), "idle-worker");
  AddScheduling(MeasureScheduling(scheduled, scratch.path() / "runs", executor, bench.jobs, stop),
                report);

  Tell(fmt::format("planning {} runs", sizes.planned.Runs()));
  PlanningFigures planning;
  const Study planned = PlanSweep(sizes.planned, scratch.path(), &planning);
  AddPlanning(planning, report);

  Tell(fmt::format("recording {} points and reading them", planning.runs * sizes.points));
  AddLedger(MeasureLedger(planned, scratch.path() / "ledger.sqlite", sizes.points, stop), report);
  return report.Take();
}

std::string OrchestrationText(const Json& report) {
  std::string text =
      fmt::format("{}, {} processes at a time\n", report.at("processor").get<std::string>(),
                  report.at("jobs").get<int>());
  for (const Json& row : report.at("rows")) {
    text +=
        fmt::format("{:<30} {:<29} {:>24}   {:<18} {}\n", row.at("what").get<std::string>(),
                    row.at("of").get<std::string>(), ValueText(row), TargetText(row), MetText(row));
  }
  return text;
}

std::string OrchestrationMarkdown(const Json& report) {
  std::string text = fmt::format(
      "{}, {} processes at a time\n\n| what | of | measured | target | met |\n"
      "|---|---|---:|---:|---|\n",
      report.at("processor").get<std::string>(), report.at("jobs").get<int>());
  for (const Json& row : report.at("rows")) {
    text +=
        fmt::format("| {} | {} | {} | {} | {} |\n", row.at("what").get<std::string>(),
                    row.at("of").get<std::string>(), ValueText(row), TargetText(row), MetText(row));
  }
  return text;
}

}  // namespace upcycle
