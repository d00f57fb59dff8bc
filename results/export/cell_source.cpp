#include "results/export/cell_source.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/plural.h"
#include "core/spelling.h"
#include "results/comparison/comparison_table.h"
#include "results/comparison/grid_table.h"
#include "results/evidence/evidence_json.h"
#include "results/evidence/evidence_notes.h"
#include "results/statistics/student.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

using Kind = TableColumn::Kind;

std::string DegreesText(const Summary& summary) {
  return Plural(summary.count - 1, "degree") + " of freedom";
}

// The place of a cell in the table, and the arm that it shows.
struct Found {
  const ArmComparison* arm = nullptr;
  TableColumn column;
  std::string key;
  std::string shown;
};

std::pair<std::string, std::string> PartsOf(std::string_view cell, const Comparison& comparison) {
  const size_t comma = cell.rfind(',');  // arms may have commas in their names, columns have none
  if (comma == cell.npos) {
    throw Error(Cause::kInput,
                fmt::format("--cell '{}': write {}", cell,
                            comparison.grid ? "the row's value, a comma, and the column's"
                                            : "the arm's name, a comma, and the column's, as in "
                                              "--cell 'E8T2,validation/loss'"));
  }
  return {std::string(cell.substr(0, comma)), std::string(cell.substr(comma + 1))};
}

[[noreturn]] void RefuseName(const char* what, const std::string& name,
                             const std::vector<std::string>& known) {
  throw Error(Cause::kInput, fmt::format("the table has no {} \"{}\"{} It has {}", what, name,
                                         DidYouMean(name, known), fmt::join(known, ", ")));
}

size_t PlaceOf(const char* what, const std::string& name, const std::vector<std::string>& known) {
  const auto found = std::ranges::find(known, name);
  if (found == known.end()) RefuseName(what, name, known);
  return static_cast<size_t>(found - known.begin());
}

Found FindInGrid(const Comparison& comparison, const std::string& row, std::string column) {
  const Grid& grid = *comparison.grid;
  const GridArms arranged = ArrangeGrid(comparison);
  const std::string prefix = grid.columns + "=";
  if (column.starts_with(prefix)) column.erase(0, prefix.size());
  const size_t r = PlaceOf("row", row, arranged.rows);
  const size_t c = PlaceOf("column", column, arranged.columns);
  const ArmComparison* arm = arranged.arms[r][c];
  if (arm == nullptr) {
    throw Error(Cause::kInput,
                fmt::format("no arm has {} {} and {} {}", grid.rows, row, grid.columns, column));
  }
  const Table table = GridTableOf(comparison);
  const std::string& metric = comparison.metrics[grid.metric];
  return {arm,
          {.kind = Kind::kMetric, .name = metric, .metric = grid.metric},
          table.columns[c + 1].key,
          CellText(table.columns[c + 1], table.rows[r][c + 1])};
}

Found FindInRows(const Comparison& comparison, const std::string& name,
                 const std::string& column_name) {
  std::vector<std::string> names;
  for (const ArmComparison* arm : ShownArms(comparison)) names.push_back(arm->name);
  const ArmComparison* arm = ShownArms(comparison)[PlaceOf("arm", name, names)];
  const Table table = TableOf(comparison);
  const size_t at = ColumnNamed(table, column_name);
  const size_t arm_at = ColumnNamed(table, "arm");
  if (at == arm_at) {
    throw Error(Cause::kInput, "the arm's name comes from the recipe; name another column");
  }
  Found found = {arm, {}, table.columns[at].key, ""};
  for (const TableColumn& column : comparison.columns) {
    if (found.key == column.name || found.key == column.name + " difference") found.column = column;
  }
  for (const auto& row : table.rows) {
    if (row[arm_at].text == name) found.shown = CellText(table.columns[at], row[at]);
  }
  return found;
}

std::string Number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "none";
}

class Tracer {
 public:
  Tracer(LedgerReader& ledger, const Comparison& comparison, Found found)
      : ledger_(ledger), comparison_(comparison), found_(std::move(found)), arm_(*found_.arm) {}

  CellSource Trace() {
    source_ = {.study = comparison_.study,
               .arm = arm_.name,
               .column = found_.key,
               .shown = found_.shown,
               .metric = "",
               .runs = {},
               .baseline = "",
               .baseline_runs = {},
               .pairs = {},
               .making = {},
               .evidence = {},
               .evidence_json = {}};
    switch (found_.column.kind) {
      case Kind::kMetric:
        TraceMetric(found_.column.metric);
        break;
      case Kind::kTest:
        TraceTest(found_.column.test);
        break;
      case Kind::kCost:
        TraceCost(found_.column.cost);
        break;
      case Kind::kSetting:
        source_.making.push_back(fmt::format(
            "{} is {} in the settings of the arm, as its recipe has them; the arm's own changes "
            "are {}",
            found_.column.name, found_.shown, arm_.changes));
        break;
    }
    return std::move(source_);
  }

 private:
  void Say(std::string line) { source_.making.push_back(std::move(line)); }

  void TraceMetric(size_t metric) {
    source_.metric = comparison_.metrics[metric];
    source_.runs = RunsOf(arm_);
    if (comparison_.table.cell == CellMeaning::kDifference) return TraceDifference(metric);
    const Summary& summary = arm_.summaries[metric];
    if (summary.count == 0) return Say("no run has a value of it");
    Say(fmt::format("mean = sum of values / n = {}, n = {}", Number(summary.mean), summary.count));
    if (comparison_.table.cell == CellMeaning::kMeanDeviation) SaySpread(summary, false);
    if (comparison_.table.cell == CellMeaning::kMeanInterval) SaySpread(summary, true);
  }

  void SaySpread(const Summary& summary, bool interval) {
    if (summary.count < 2) return Say("one value has no spread");
    Say(fmt::format("s = √(Σ (value − mean)² / (n − 1)) = {}", Number(summary.deviation)));
    if (!interval) return;
    const double level = comparison_.table.interval;
    const double probability = 0.5 + level / 2;
    const double degrees = static_cast<double>(summary.count - 1);
    Say(
        fmt::format("half width = t · s / √n = {}, with t = {}, the {:g} % quantile of Student's t "
                    "of {}: the {:g} % interval of the mean",
                    Number(summary.half_width), StudentQuantile(probability, degrees),
                    100 * probability, DegreesText(summary), 100 * level));
  }

  void TraceDifference(size_t metric) {
    const ArmComparison* baseline = BaselineOf(comparison_);
    source_.metric = comparison_.metrics[metric];
    if (source_.runs.empty()) source_.runs = RunsOf(arm_);
    if (baseline == nullptr || baseline == &arm_) return Say("the baseline has no difference");
    source_.baseline = baseline->name;
    source_.baseline_runs = RunsOf(*baseline);
    for (const CellRun& run : source_.runs) {
      for (const CellRun& other : source_.baseline_runs) {
        if (run.seed == other.seed && run.value && other.value) {
          source_.pairs.push_back({run.seed, *run.value, *other.value});
        }
      }
    }
    const std::string why =
        WhyNotComparable(source_.metric, arm_.measured, baseline->measured, baseline->name);
    const Summary& difference = arm_.differences[metric];
    if (!why.empty()) return Say(fmt::format("no difference: {}", why));
    if (difference.count == 0) return Say("no difference: not all paired seeds have a value");
    Say(fmt::format("d = value of {} − value of {}, seed by seed; mean of d = {}, n = {}",
                    arm_.name, baseline->name, Number(difference.mean), difference.count));
    if (difference.count < 2) return Say("one pair has no spread");
    if (comparison_.table.IsSequential() && metric == 0) {
      return Say(fmt::format("half width = {}, of the interval that holds however often was looked",
                             Number(difference.half_width)));
    }
    const double level = comparison_.table.interval;
    const double probability = 0.5 + level / 2;
    const double degrees = static_cast<double>(difference.count - 1);
    Say(fmt::format("s = √(Σ (d − mean)² / (n − 1)) = {}", Number(difference.deviation)));
    Say(
        fmt::format("half width = t · s / √n = {}, with t = {}, the {:g} % quantile of Student's t "
                    "of {}",
                    Number(difference.half_width), StudentQuantile(probability, degrees),
                    100 * probability, DegreesText(difference)));
  }

  void TraceTest(TestColumn column) {
    source_.metric = comparison_.metrics.front();
    source_.runs = RunsOf(arm_);
    if (column == TestColumn::kSeeds) {
      return Say(fmt::format("{} of {} runs have a value of {}", arm_.summaries.front().count,
                             arm_.runs.size(), source_.metric));
    }
    TraceDifference(0);
    TraceEvidence();
    if (!arm_.judgement || column == TestColumn::kDifference) return;
    const Judgement& judgement = *arm_.judgement;
    if (!std::isnan(judgement.pairs.t)) {
      Say(fmt::format("t = mean of d / (s / √n) = {}, p = P(|T| ≥ |t|) = {}, two-sided",
                      judgement.pairs.t, judgement.pairs.p));
      const int64_t family = FamilyOf(comparison_);
      Say(fmt::format(
          "adjusted p = {} by {} over {} comparison{} of the study", judgement.adjusted_p,
          comparison_.table.IsSequential() ? "sequential tests, corrected" : "Holm's correction",
          family, family == 1 ? "" : "s"));
    }
    if (!std::isnan(judgement.adjusted_equivalence_p)) {
      Say(fmt::format("equivalence: adjusted p = {} of two one-sided tests against ±{:g}",
                      judgement.adjusted_equivalence_p, comparison_.table.margin));
    }
    Say(fmt::format("verdict: {}{}", NameOf(judgement.verdict),
                    judgement.reason.empty() ? "" : fmt::format(", as {}", judgement.reason)));
  }

  void TraceEvidence() {
    const Evidence evidence = EvidenceOf(comparison_);
    const ArmEvidence* arm = EvidenceFor(evidence, arm_);
    if (arm == nullptr) return;
    source_.evidence = EvidenceLines(evidence, *arm, comparison_);
    source_.evidence_json = EvidenceJson(*arm).dump();
  }

  void TraceCost(CostColumn column) {
    const ArmCost& cost = arm_.cost;
    switch (column) {
      case CostColumn::kParameters:
        return Say(
            fmt::format("{} parameters, counted from the arm's settings", cost.parameters_total));
      case CostColumn::kActiveParameters:
        return Say(
            fmt::format("{} parameters that one token meets, counted from the arm's settings",
                        cost.parameters_active));
      case CostColumn::kTrainTokens:
        return Say(fmt::format("{} tokens that a run trains on, as its budget was solved for",
                               cost.train_tokens));
      case CostColumn::kTrainFlops:
        return Say(fmt::format("{} tokens × {} FLOPs a token = {} FLOPs of a run's own training",
                               cost.train_tokens, cost.train_flops / cost.train_tokens,
                               cost.train_flops));
      case CostColumn::kFlopsMismatch: {
        const ArmComparison* baseline = BaselineOf(comparison_);
        if (baseline == nullptr) return Say("without a baseline there is none");
        return Say(fmt::format("{} FLOPs / {} FLOPs of {} − 1 = {}", cost.train_flops,
                               baseline->cost.train_flops, baseline->name, arm_.flops_mismatch));
      }
    }
  }

  std::vector<CellRun> RunsOf(const ArmComparison& arm) {
    std::vector<CellRun> runs;
    for (const RunOutcome& outcome : arm.runs) runs.push_back(RunOf(outcome));
    return runs;
  }

  CellRun RunOf(const RunOutcome& outcome) {
    CellRun run = {.seed = outcome.seed,
                   .state = outcome.state,
                   .cause = outcome.cause,
                   .value = {},
                   .origin = {},
                   .stage = {},
                   .trained_steps = 0,
                   .attempt = {}};
    const auto train = outcome.stages.find(StageRole::kTrain);
    if (train != outcome.stages.end()) {
      const auto stage = ledger_.FindStage(train->second);
      if (stage) run.trained_steps = stage->step;
    }
    const auto value = outcome.values.find(source_.metric);
    const auto origin = outcome.origins.find(source_.metric);
    if (value == outcome.values.end() || origin == outcome.origins.end()) return run;
    if (std::isfinite(value->second.value)) run.value = value->second.value;
    run.origin = origin->second;
    run.stage = outcome.stages.at(origin->second.place);
    const auto stage = ledger_.FindStage(run.stage);
    if (!stage) return run;
    auto attempts = ledger_.ReadAttempts(stage->id);
    if (!attempts.empty()) run.attempt = std::move(attempts.back());
    return run;
  }

  LedgerReader& ledger_;
  const Comparison& comparison_;
  const Found found_;
  const ArmComparison& arm_;
  CellSource source_;
};

}  // namespace

CellSource TraceCell(LedgerReader& ledger, const Comparison& comparison, std::string_view cell) {
  const Transaction snapshot = ledger.Snapshot();
  const auto [row, column] = PartsOf(cell, comparison);
  Found found =
      comparison.grid ? FindInGrid(comparison, row, column) : FindInRows(comparison, row, column);
  return Tracer(ledger, comparison, std::move(found)).Trace();
}

}  // namespace upcycle
