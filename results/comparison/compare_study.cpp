#include "results/comparison/compare_study.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "results/comparison/comparison_notes.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

constexpr const char* kExpertMetrics[] = {"moe/dropped_share", "moe/load_entropy",
                                          "moe/dead_experts", "moe/parent_cosine"};

void AddOnce(std::vector<std::string>* names, const std::string& name) {
  if (std::find(names->begin(), names->end(), name) == names->end()) names->push_back(name);
}

void RefuseSystemMetrics(const StudyFacts& study, const Comparison& comparison) {
  for (const std::string& name : comparison.metrics) {
    if (!IsSystemMetric(name)) continue;
    throw Error(Cause::kInput, fmt::format("the study \"{}\" compares {}, which depends on clock "
                                           "and machine: a comparison shows results only",
                                           study.name, name));
  }
}

void ChooseListedColumns(const StudyFacts& study, Comparison* comparison) {
  for (const std::string& name : study.table.columns) {
    if (const auto cost = ValueNamed<CostColumn>(name)) {
      comparison->costs.push_back(*cost);
    } else {
      AddOnce(&comparison->metrics, name);
    }
  }
}

// "validation/books/loss" is the loss on one held-out set, "validation/loss" that on all of them.
bool IsLossOfOneSet(const std::string& metric) {
  constexpr std::string_view kBegin = "validation/", kEnd = "/loss";
  return metric.size() > kBegin.size() + kEnd.size() && metric.starts_with(kBegin) &&
         metric.ends_with(kEnd);
}

// "mmlu/accuracy"; "mmlu/anatomy/accuracy" is that of one subject of many.
bool IsAccuracyOfAll(const std::string& metric) {
  return metric.ends_with("/accuracy") && std::ranges::count(metric, '/') == 1;
}

// With one held-out set alone its loss and that on all of them are the same: of the two, the one
// that is the study's own metric stays, else the one on all.
void LeaveOutRepeatedLoss(std::vector<std::string>* metrics) {
  if (std::ranges::count_if(*metrics, IsLossOfOneSet) != 1) return;
  const auto all = std::ranges::find(*metrics, "validation/loss");
  if (all == metrics->end()) return;
  const auto one = std::ranges::find_if(*metrics, IsLossOfOneSet);
  metrics->erase(one == metrics->begin() ? all : one);
}

void ChooseUsualColumns(LedgerReader& ledger, const StudyFacts& study, Comparison* comparison) {
  for (const std::string& name : ledger.ResultNames(study)) {
    if (IsSystemMetric(name)) continue;
    if (name.ends_with("/loss") || IsAccuracyOfAll(name)) AddOnce(&comparison->metrics, name);
  }
  LeaveOutRepeatedLoss(&comparison->metrics);
  const bool experts = std::any_of(study.arms.begin(), study.arms.end(),
                                   [](const ArmFacts& arm) { return arm.cost.experts > 0; });
  if (experts) {
    for (const char* name : kExpertMetrics) AddOnce(&comparison->metrics, name);
  }
  for (const auto& cost : EnumNames<CostColumn>::values) comparison->costs.push_back(cost.value);
}

// Why the run is where it is, from the last attempt of the stage that stopped it.
std::string CauseOf(LedgerReader& ledger, const StudyFacts& study, const RunFacts& run,
                    StageState state) {
  if (state != StageState::kFailed && state != StageState::kDiverged) return "";
  for (const auto& [place, stage] : run.stages) {
    if (study.stages[stage].state != state) continue;
    const auto attempts = ledger.ReadAttempts(study.stages[stage].id);
    if (!attempts.empty() && attempts.back().end) return attempts.back().end->cause;
  }
  return "";
}

RunOutcome OutcomeOf(LedgerReader& ledger, const StudyFacts& study, RunFacts run) {
  RunOutcome outcome = {.seed = run.seed,
                        .state = StateOfRun(study, run),
                        .cause = "",
                        .values = std::move(run.values),
                        .stages = {}};
  outcome.cause = CauseOf(ledger, study, run, outcome.state);
  for (const auto& [place, stage] : run.stages) {
    outcome.stages[place] = study.stages[stage].fingerprint;
  }
  return outcome;
}

double ValueOf(const RunOutcome& run, const std::string& metric) {
  const auto found = run.values.find(metric);
  return found == run.values.end() ? kNone : found->second.value;
}

std::vector<Summary> SummariesOf(const ArmComparison& arm, const Comparison& comparison) {
  std::vector<Summary> summaries;
  for (const std::string& metric : comparison.metrics) {
    std::vector<double> values;
    for (const RunOutcome& run : arm.runs) {
      const double value = ValueOf(run, metric);
      if (std::isfinite(value)) values.push_back(value);
    }
    summaries.push_back(Summarize(values, comparison.table.interval));
  }
  return summaries;
}

std::vector<Twin> TwinsOf(LedgerReader& ledger, const StudyFacts& study) {
  const auto recipe = nlohmann::json::parse(ledger.ReadRecipe(study));
  const auto recorded = recipe.find("twins");
  if (recorded == recipe.end() || !recorded->is_array()) return {};
  std::vector<Twin> twins;
  for (const nlohmann::json& twin : *recorded) {
    const auto text = [&](const char* key) {
      const auto found = twin.is_object() ? twin.find(key) : twin.end();
      return found != twin.end() && found->is_string() ? found->get<std::string>() : "";
    };
    twins.push_back({text("name"), text("kept"), text("why")});
  }
  return twins;
}

// The seeds that both arms plan, whether their runs are done or not.
PairedValues PairSeeds(const ArmComparison& arm, const ArmComparison& baseline,
                       const std::string& metric) {
  PairedValues values;
  values.incomparable = WhyNotComparable(metric, arm.measured, baseline.measured, baseline.name);
  for (const RunOutcome& run : arm.runs) {
    for (const RunOutcome& other : baseline.runs) {
      if (run.seed != other.seed) continue;
      values.arm.push_back(ValueOf(run, metric));
      values.baseline.push_back(ValueOf(other, metric));
    }
  }
  return values;
}

void JudgeArms(Comparison* comparison, const CompareOptions& options) {
  const ArmComparison* baseline = nullptr;
  for (const ArmComparison& arm : comparison->arms) {
    if (arm.name == comparison->baseline) baseline = &arm;
  }
  if (baseline == nullptr) return;
  std::vector<PairedValues> family;
  std::vector<ArmComparison*> judged;
  for (ArmComparison& arm : comparison->arms) {
    arm.flops_mismatch = arm.cost.train_flops / baseline->cost.train_flops - 1;
    if (&arm == baseline) continue;
    family.push_back(PairSeeds(arm, *baseline, comparison->metrics.front()));
    judged.push_back(&arm);
  }
  const std::vector<Judgement> judgements =
      Judge(family, {comparison->preference, comparison->table.interval, options.allow_incomplete});
  for (size_t i = 0; i < judged.size(); ++i) judged[i]->judgement = judgements[i];
}

}  // namespace

Comparison CompareStudy(LedgerReader& ledger, std::string_view name,
                        const CompareOptions& options) {
  const Transaction snapshot = ledger.Snapshot();
  StudyFacts study = ledger.ReadStudy(name);
  Comparison comparison = {.study = study.name,
                           .description = study.description,
                           .preference = study.preference,
                           .baseline = study.baseline,
                           .matched_on = study.matched_on,
                           .table = study.table,
                           .metrics = {study.metric},
                           .costs = {},
                           .arms = {},
                           .twins = TwinsOf(ledger, study),
                           .parent_values = ledger.ReadParentValues(study, study.metric),
                           .notes = {}};
  if (study.table.columns.empty()) {
    ChooseUsualColumns(ledger, study, &comparison);
  } else {
    ChooseListedColumns(study, &comparison);
  }
  RefuseSystemMetrics(study, comparison);
  ledger.ReadValues(&study, comparison.metrics);
  for (ArmFacts& facts : study.arms) {
    ArmComparison arm = {.name = facts.name,
                         .changes = facts.changes,
                         .settings = facts.settings,
                         .cost = facts.cost,
                         .measured = MeasuredTextOf(facts.settings),
                         .flops_mismatch = kNone,
                         .runs = {},
                         .summaries = {},
                         .judgement = {}};
    for (RunFacts& run : facts.runs) {
      arm.runs.push_back(OutcomeOf(ledger, study, std::move(run)));
    }
    arm.summaries = SummariesOf(arm, comparison);
    comparison.arms.push_back(std::move(arm));
  }
  JudgeArms(&comparison, options);
  comparison.notes = NotesOn(comparison);
  return comparison;
}

}  // namespace upcycle
