// `upcycle plan RECIPE`: what a study would do and take, without doing it.

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/plural.h"
#include "experiments/scheduling/spending.h"
#include "experiments/study/forecast.h"
#include "experiments/study/plan.h"
#include "results/tables/number_text.h"
#include "tools/commands.h"
#include "tools/study/plan_cost.h"
#include "tools/study/plan_data.h"
#include "tools/study/study_run.h"
#include "tools/terminal/cores.h"
#include "tools/terminal/recipe_options.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

using nlohmann::json;

struct PlanOptions {
  RecipeOptions recipe;
  StateOptions state;
  int devices = 8;
  int tflops = 0;
  bool probe = false;
  bool json = false;
};

PlanOptions ParseOptions(const Arguments& arguments) {
  PlanOptions options;
  CommandLine line(
      "plan RECIPE [options]",
      "Every run of a recipe and why it will or will not run, and what it takes: parameters,\n"
      "FLOPs by part, tokens, memory of a worker, disk, and a predicted time. A recipe whose data\n"
      "is not here is priced all the same.");
  options.recipe.Declare(line);
  options.state.Declare(line);
  line.Option("devices", &options.devices,
              "N over which each layer's experts lie, for what they send between them");
  line.Option("tflops", &options.tflops,
              "N that a device reaches, in TFLOP/s: also says how many hours of it runs take");
  line.Flag("probe", &options.probe,
            "measure how runs best share this machine, and predict times by that; kept in --root");
  line.Flag("json", &options.json, "as JSON");
  line.Parse(arguments);
  if (options.devices < 1) throw Error(Cause::kInput, "--devices counts devices: at least 1");
  if (options.tflops < 0) throw Error(Cause::kInput, "--tflops is a rate: at least 1");
  return options;
}

class PlanReport {
 public:
  // Without data runs have no fingerprints yet, and nothing is said of them.
  PlanReport(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
             const MachineShare& share, const PlanOptions& options, bool has_data)
      : study_(study),
        data_(has_data ? PlanData(study, options.state.Root()) : std::vector<DataPlan>()),
        plan_(plan),
        share_(share),
        options_(options),
        has_data_(has_data),
        forecast_(ForecastStudy(study, plan, share.rate)),
        spent_(SpentOn(study, options.state.Root())) {}

  json Json() const {
    json arms = json::array(), runs = json::array();
    for (size_t arm = 0; arm < study_.recipe.arms.size(); ++arm) arms.push_back(ArmJson(arm));
    for (const Study::Run& run : study_.runs) {
      if (has_data_) runs.push_back(RunJson(run));
    }
    return {{"study", study_.recipe.name},
            {"has_data", has_data_},
            {"arms", arms},
            {"twins", TwinsJson(study_.recipe)},
            {"data", DataPlanJson(data_)},
            {"runs", runs},
            {"needed_stages", forecast_.needed_stages},
            {"core_seconds", forecast_.core_seconds},
            {"gpu_seconds", forecast_.gpu_seconds},
            {"wall_seconds", forecast_.wall_seconds},
            {"disk_bytes", forecast_.disk_bytes},
            {"machine", DescribeShare(share_)},
            {"jobs", share_.division.jobs},
            {"budget", BudgetJson()}};
  }

  void Print() const {
    const Recipe& recipe = study_.recipe;
    fmt::print("{}: {} × {} = {}\n\n", recipe.name, Plural(recipe.arms.size(), "arm"),
               Plural(recipe.seeds.size(), "seed"), Plural(study_.runs.size(), "run"));
    PrintArms();
    fmt::print("{}\n{}", DescribeTwins(recipe), ArmCostText(recipe, options_.devices));
    PrintDeviceHours();
    PrintMemory();
    if (has_data_) {
      fmt::print("{}", DataPlanText(data_));
      PrintRuns();
    } else {
      fmt::print("\nThe data is not here (see the warnings): this is what runs would take.\n");
    }
    fmt::print(
        "\n{} of {} to do: {:.2f} core hours, {} on {}, {} of disk. Times are "
        "predicted from {}.\n",
        forecast_.needed_stages, Plural(study_.stages.size(), "stage"),
        forecast_.core_seconds / 3600, ClockText(forecast_.wall_seconds), Plural(Cores(), "core"),
        BytesText(static_cast<double>(forecast_.disk_bytes)),
        share_.rates.empty() ? "this machine's matrix rate; --probe measures training steps"
                             : "training steps measured here");
    if (!share_.rates.empty()) fmt::print("{}\n", DescribeShare(share_));
    PrintBudget();
  }

 private:
  std::vector<BudgetLine> BudgetLines() const {
    return CompareWithBudget(study_.recipe.budget, CostOf(forecast_, spent_));
  }

  json BudgetJson() const {
    json limits = json::object();
    for (const BudgetLine& line : BudgetLines()) {
      limits[line.key] = {{"limit", line.limit}, {"cost", line.cost}};
    }
    if (limits.empty()) return limits;
    limits["seeds_that_fit"] = SeedsWithinBudget(study_, plan_, share_.rate, spent_);
    return limits;
  }

  // What was spent already is part of it.
  void PrintBudget() const {
    const auto lines = BudgetLines();
    if (lines.empty()) return;
    for (const BudgetLine& line : lines) {
      fmt::print("budget.{}: {:.3g} of {:g}{}\n", line.key, line.cost, line.limit,
                 line.IsExceeded() ? ", which it exceeds" : "");
    }
    fmt::print("{} of {} seeds fit into the budget\n",
               SeedsWithinBudget(study_, plan_, share_.rate, spent_), study_.recipe.seeds.size());
  }

  json ArmJson(size_t index) const {
    const StagePrediction& prediction = forecast_.trainings[index];
    const Arm& arm = study_.recipe.arms[index];
    const ArmCost cost = CostRecordOf(arm, study_.recipe.budgets[index]);
    return {{"name", arm.name},
            {"parameters_total", cost.parameters_total},
            {"parameters_active", cost.parameters_active},
            {"train_tokens", cost.train_tokens},
            {"train_flops", cost.train_flops},
            {"mismatch", study_.recipe.budgets[index].mismatch},
            {"memory_bytes", prediction.memory_bytes},
            {"memory", MemoryJson(prediction.memory)},
            {"disk_bytes", prediction.disk_bytes},
            {"core_seconds", prediction.core_seconds},
            {"cost", ArmCostJson(arm.settings, options_.devices)}};
  }

  static json MemoryJson(const MemoryBytes& bytes) {
    json by_category;
    for (const auto& category : EnumNames<MemoryCategory>::values) {
      by_category[std::string(category.name)] = bytes[static_cast<size_t>(category.value)];
    }
    return by_category;
  }

  json RunJson(const Study::Run& run) const {
    json stages = json::array();
    bool needed = false;
    for (const auto& [place, stage] : run.stages) {
      const StagePlan& plan = plan_.at(stage);
      needed |= plan.needed;
      stages.push_back({{"role", NameOf(place)},
                        {"fingerprint", stage.Hex()},
                        {"needed", plan.needed},
                        {"why", plan.why}});
    }
    return {{"arm", study_.recipe.arms[run.arm].name},
            {"seed", run.seed},
            {"needed", needed},
            {"stages", stages}};
  }

  void PrintArms() const {
    size_t width = 3;
    for (const Arm& arm : study_.recipe.arms) width = std::max(width, arm.name.size());
    fmt::print("{:<{}} {:>10} {:>10} {:>10} {:>11} {:>9} {:>9} {:>8}\n", "arm", width, "parameters",
               "active", "tokens", "train FLOPs", "mismatch", "memory", "time");
    for (size_t index = 0; index < study_.recipe.arms.size(); ++index) {
      const Arm& arm = study_.recipe.arms[index];
      const StagePrediction& prediction = forecast_.trainings[index];
      const ArmCost cost = CostRecordOf(arm, study_.recipe.budgets[index]);
      fmt::print("{:<{}} {:>10} {:>10} {:>10} {:>11.3e} {:>8.2f}% {:>9} {:>8}\n", arm.name, width,
                 CountText(cost.parameters_total), CountText(cost.parameters_active),
                 CountText(cost.train_tokens), cost.train_flops,
                 100 * study_.recipe.budgets[index].mismatch,
                 BytesText(static_cast<double>(prediction.memory_bytes)),
                 ClockText(prediction.core_seconds));
    }
  }

  // Of one run of each arm, its own training alone.
  void PrintDeviceHours() const {
    if (options_.tflops == 0) return;
    fmt::print("\nhours of a device at {} TFLOP/s, for the training of one run:\n",
               options_.tflops);
    for (size_t index = 0; index < study_.recipe.arms.size(); ++index) {
      const ArmCost cost = CostRecordOf(study_.recipe.arms[index], study_.recipe.budgets[index]);
      fmt::print("  {}: {}\n", study_.recipe.arms[index].name,
                 CountText(cost.train_flops / (1e12 * options_.tflops) / 3600));
    }
  }

  // What a worker's memory goes to, while it trains.
  void PrintMemory() const {
    fmt::print("\nmemory of a training:\n");
    for (size_t index = 0; index < study_.recipe.arms.size(); ++index) {
      std::string parts;
      for (const auto& category : EnumNames<MemoryCategory>::values) {
        const int64_t bytes =
            forecast_.trainings[index].memory[static_cast<size_t>(category.value)];
        if (bytes == 0) continue;
        parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", category.name,
                             BytesText(static_cast<double>(bytes)));
      }
      fmt::print("  {}: {}\n", study_.recipe.arms[index].name, parts);
    }
  }

  // One line a run: the first stage that keeps it from being complete says why.
  void PrintRuns() const {
    fmt::print("\n");
    for (const Study::Run& run : study_.runs) {
      std::string what = "complete, nothing to do";
      for (const auto& [place, stage] : run.stages) {
        const StagePlan& plan = plan_.at(stage);
        if (!plan.needed) continue;
        what = fmt::format("will run: {} {}", NameOf(place), plan.why);
        break;
      }
      fmt::print("{}, seed {}: {}\n", study_.recipe.arms[run.arm].name, run.seed, what);
    }
  }

  const Study& study_;
  std::vector<DataPlan> data_;
  const std::map<Fingerprint, StagePlan>& plan_;
  const MachineShare& share_;
  const PlanOptions& options_;
  bool has_data_;
  StudyForecast forecast_;
  StudyCost spent_;
};

// A recipe may be planned where its devices are not.
std::vector<Gpu> PlannedGpus(const Recipe& recipe) {
  const bool any = std::any_of(recipe.arms.begin(), recipe.arms.end(), [](const Arm& arm) {
    return arm.settings.execution.device != "cpu";
  });
  return any ? SurveyGpus().gpus : std::vector<Gpu>();
}

}  // namespace

int PlanCommand(const Arguments& arguments) {
  const PlanOptions options = ParseOptions(arguments);
  bool has_data = true;
  Recipe recipe = options.recipe.LoadWithoutData(&has_data);
  const Study study =
      has_data ? MakeStudy(std::move(recipe)) : MakeStudyWithoutData(std::move(recipe));
  const auto plan = PlanStages(study, options.state.StageStates(), options.state.Root());
  const MachineShare share =
      ShareMachine(study, plan, options.state.Root(), /*jobs=*/0, PlannedGpus(study.recipe),
                   options.probe ? Probing::kAlways : Probing::kNever, /*stop=*/nullptr);
  const PlanReport report(study, plan, share, options, has_data);
  if (options.json) {
    fmt::print("{}\n", report.Json().dump(2));
  } else {
    report.Print();
  }
  return kExitDone;
}

}  // namespace upcycle
