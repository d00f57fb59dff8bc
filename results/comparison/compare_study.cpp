#include "results/comparison/compare_study.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "results/comparison/comparison_notes.h"
#include "results/comparison/seed_rounds.h"

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

VerdictRules RulesOf(const Comparison& comparison, const CompareOptions& options) {
  VerdictRules rules = {.preference = comparison.preference,
                        .interval = comparison.table.interval,
                        .allow_incomplete = options.allow_incomplete,
                        .margin = comparison.table.margin};
  if (comparison.table.most_seeds > 0) {
    rules.allow_incomplete = false;  // what has not been asked for does not lack
    rules.looks =
        SequentialPlan{.first = comparison.table.first_seeds, .most = comparison.table.most_seeds};
  }
  return rules;
}

// An arm that has lost a run gets no further seeds, and the others do not wait for it.
std::string WhyItTakesNoPart(const ArmComparison& arm) {
  for (const RunOutcome& run : arm.runs) {
    if (run.state == StageState::kFailed || run.state == StageState::kDiverged) {
      return fmt::format("seed {} {}", run.seed, NameOf(run.state));
    }
  }
  return "";
}

void JudgeRounds(std::vector<PairedValues> family, const VerdictRules& rules,
                 std::span<ArmComparison* const> judged, Comparison* comparison) {
  for (size_t i = 0; i < judged.size(); ++i) {
    if (family[i].incomparable.empty()) family[i].incomparable = WhyItTakesNoPart(*judged[i]);
  }
  const SeedRounds rounds = PlayRounds(family, rules);
  comparison->seeds_are_over = rounds.is_over;
  for (size_t i = 0; i < judged.size(); ++i) {
    judged[i]->judgement = rounds.arms[i].judgement;
    judged[i]->seeds_asked = rounds.arms[i].seeds;
  }
  for (ArmComparison& arm : comparison->arms) {
    if (arm.name == comparison->baseline) arm.seeds_asked = rounds.baseline_seeds;
  }
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
  const VerdictRules rules = RulesOf(*comparison, options);
  if (rules.looks) return JudgeRounds(family, rules, judged, comparison);
  const std::vector<Judgement> judgements = Judge(family, rules);
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
