#include "results/comparison/compare_study.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/spelling.h"
#include "results/comparison/arm_filter.h"
#include "results/comparison/choose_columns.h"
#include "results/comparison/comparison_notes.h"
#include "results/comparison/seed_pairs.h"
#include "results/comparison/seed_rounds.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

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
                        .origins = std::move(run.origins),
                        .stages = {}};
  outcome.cause = CauseOf(ledger, study, run, outcome.state);
  for (const auto& [place, stage] : run.stages) {
    outcome.stages[place] = study.stages[stage].fingerprint;
  }
  return outcome;
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

VerdictRules RulesOf(const Comparison& comparison, const CompareOptions& options) {
  VerdictRules rules = {.preference = comparison.preference,
                        .interval = comparison.table.interval,
                        .allow_incomplete = options.allow_incomplete,
                        .margin = comparison.table.margin};
  if (comparison.table.IsSequential()) {
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
                 std::span<ArmComparison* const> judged, SequentialTable* table,
                 Comparison* comparison) {
  for (size_t i = 0; i < judged.size(); ++i) {
    if (family[i].incomparable.empty()) family[i].incomparable = WhyItTakesNoPart(*judged[i]);
  }
  const SeedRounds rounds = PlayRounds(family, rules, table);
  comparison->seeds_are_over = rounds.is_over;
  for (size_t i = 0; i < judged.size(); ++i) {
    judged[i]->judgement = rounds.arms[i].judgement;
    judged[i]->seeds_asked = rounds.arms[i].seeds;
  }
  for (ArmComparison& arm : comparison->arms) {
    if (arm.name == comparison->baseline) arm.seeds_asked = rounds.baseline_seeds;
  }
}

void JudgeArms(Comparison* comparison, const CompareOptions& options, SequentialTable* table) {
  const ArmComparison* baseline = BaselineOf(*comparison);
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
  if (rules.looks) return JudgeRounds(family, rules, judged, table, comparison);
  const std::vector<Judgement> judgements = Judge(family, rules);
  for (size_t i = 0; i < judged.size(); ++i) judged[i]->judgement = judgements[i];
}

// Of no pair where inference on what is there would be refused. Where seeds come until arms are
// decided, those that did not come are not missing.
Summary DifferenceOf(const PairedValues& values, const Comparison& comparison,
                     const CompareOptions& options) {
  const CompletePairs pairs = CompleteOf(values);
  const bool takes_all = options.allow_incomplete || comparison.table.IsSequential();
  const bool incomplete = pairs.arm.size() < values.arm.size() && !takes_all;
  const double level = comparison.table.interval;
  return incomplete ? Summarize({}, level)
                    : ComparePairs(pairs.arm, pairs.baseline, level).difference;
}

// The primary metric's is the one that was judged.
Summary JudgedDifference(const Judgement& judgement, double level) {
  const bool refused = judgement.verdict == Verdict::kIncomplete;
  return refused ? Summarize({}, level) : judgement.pairs.difference;
}

void TakeDifferences(Comparison* comparison, const CompareOptions& options) {
  const ArmComparison* baseline = BaselineOf(*comparison);
  for (ArmComparison& arm : comparison->arms) {
    for (const std::string& metric : comparison->metrics) {
      if (arm.judgement && arm.differences.empty()) {
        arm.differences.push_back(JudgedDifference(*arm.judgement, comparison->table.interval));
        continue;
      }
      const bool has_pairs = baseline != nullptr && &arm != baseline;
      const PairedValues values = has_pairs ? PairSeeds(arm, *baseline, metric) : PairedValues{};
      arm.differences.push_back(DifferenceOf(values, *comparison, options));
    }
  }
}

ArmComparison ArmWithoutRuns(const ArmFacts& facts) {
  return {.name = facts.name,
          .changes = facts.changes,
          .settings = facts.settings,
          .cost = facts.cost,
          .measured = MeasuredTextOf(facts.settings),
          .setting_texts = SettingTextsOf(facts.settings, facts.cost.experts > 0),
          .shown = true,
          .flops_mismatch = kNone,
          .runs = {},
          .summaries = {},
          .differences = {},
          .judgement = {}};
}

// What the recipe says of its table, with what was asked for in its place.
TableSpec SpecOf(const StudyFacts& study, const CompareOptions& options) {
  TableSpec spec = study.table;
  if (options.rows) spec.rows = *options.rows;
  if (options.columns) spec.columns = *options.columns;
  if (options.sort) spec.sort = *options.sort;
  spec.only_changed |= options.only_changed;
  if (spec.cell == CellMeaning::kDifference && study.baseline.empty()) {
    throw Error(Cause::kInput,
                fmt::format("the table of \"{}\" shows differences to a baseline, and the study "
                            "has none: table.cell wants to be another one",
                            study.name));
  }
  return spec;
}

[[noreturn]] void RefuseEmptyTable(const Comparison& comparison) {
  std::vector<std::string> arms;
  for (const ArmComparison& arm : comparison.arms) arms.push_back(arm.name);
  constexpr size_t kMostNamed = 20;
  const size_t named = std::min(arms.size(), kMostNamed);
  throw Error(
      Cause::kInput,
      fmt::format("no arm of \"{}\" meets --where {}; its arms are {}{}", comparison.study,
                  fmt::join(comparison.where, " and "),
                  fmt::join(arms.begin(), arms.begin() + static_cast<ptrdiff_t>(named), ", "),
                  named < arms.size() ? ", …" : ""));
}

void RequireKnownPath(const std::string& path, const Comparison& comparison) {
  if (path == "arm") return;
  std::vector<const SettingTexts*> arms;
  for (const ArmComparison& arm : comparison.arms) arms.push_back(&arm.setting_texts);
  std::vector<std::string> known = PathsIn(arms);
  if (std::ranges::find(known, path) != known.end()) return;
  known.insert(known.begin(), "arm");
  throw Error(Cause::kInput,
              fmt::format("--where: no arm of \"{}\" has a setting \"{}\"{} Those that differ "
                          "between its arms are {}",
                          comparison.study, path, DidYouMean(path, known),
                          fmt::join(ChangedPaths(arms), ", ")));
}

void SelectArms(Comparison* comparison) {
  for (const std::string& text : comparison->where) {
    const ArmCondition condition = ParseCondition(text);
    RequireKnownPath(condition.path, *comparison);
    for (ArmComparison& arm : comparison->arms) {
      arm.shown = arm.shown && Meets(condition, arm.name, arm.setting_texts);
    }
  }
  const bool none = ShownArms(*comparison).empty();
  if (none && !comparison->where.empty()) RefuseEmptyTable(*comparison);
}

Comparison WithoutArms(LedgerReader& ledger, const StudyFacts& study,
                       const CompareOptions& options) {
  return {.study = study.name,
          .description = study.description,
          .preference = study.preference,
          .baseline = study.baseline,
          .matched_on = study.matched_on,
          .table = SpecOf(study, options),
          .where = options.where,
          .command = ExportCommandOf(study.name, options),
          .with_evidence = options.evidence,
          .metrics = {study.metric},
          .columns = {},
          .grid = {},
          .unchanged = {},
          .arms = {},
          .twins = TwinsOf(ledger, study),
          .parent_values = ledger.ReadParentValues(study, study.metric),
          .notes = {}};
}

}  // namespace

Comparison CompareStudy(LedgerReader& ledger, std::string_view name, const CompareOptions& options,
                        SequentialTable* table) {
  const Transaction snapshot = ledger.Snapshot();
  StudyFacts study = ledger.ReadStudy(name);
  Comparison comparison = WithoutArms(ledger, study, options);
  for (const ArmFacts& facts : study.arms) comparison.arms.push_back(ArmWithoutRuns(facts));
  SelectArms(&comparison);
  const bool known_only = options.columns || options.rows;
  ChooseColumns(ledger, study, known_only, &comparison);
  ledger.ReadValues(&study, comparison.metrics);
  for (size_t i = 0; i < study.arms.size(); ++i) {
    ArmComparison& arm = comparison.arms[i];
    for (RunFacts& run : study.arms[i].runs) {
      arm.runs.push_back(OutcomeOf(ledger, study, std::move(run)));
    }
    arm.summaries = SummariesOf(arm, comparison);
  }
  JudgeArms(&comparison, options, table);
  TakeDifferences(&comparison, options);
  comparison.notes = NotesOn(comparison);
  return comparison;
}

}  // namespace upcycle
