#include "results/evidence/evidence_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "results/comparison/comparison_table.h"
#include "results/evidence/evidence_notes.h"

namespace upcycle {
namespace {

constexpr int64_t kDigits = 2;  // of what few seeds estimate

void RequireArms(const Comparison& comparison) {
  if (comparison.baseline.empty()) {
    throw Error(Cause::kInput,
                fmt::format("\"{}\" has no baseline, so that there are no differences to show "
                            "evidence of: name one in its recipe as `baseline`",
                            comparison.study));
  }
  const bool any = std::ranges::any_of(
      comparison.arms, [](const ArmComparison& arm) { return arm.shown && arm.judgement; });
  if (any) return;
  throw Error(Cause::kInput,
              fmt::format("no arm beside the baseline {} is shown: there is no difference to show "
                          "evidence of",
                          comparison.baseline));
}

class Builder {
 public:
  Builder(std::vector<const ArmEvidence*> arms, Table* table)
      : arms_(std::move(arms)), table_(table) {
    table_->rows.resize(arms_.size());
  }

  template <typename CellOfArm>
  void Add(Column column, CellOfArm cell_of_arm) {
    table_->columns.push_back(std::move(column));
    for (size_t i = 0; i < arms_.size(); ++i) table_->rows[i].push_back(cell_of_arm(*arms_[i]));
  }

  // Empty where nothing else was tested.
  template <typename CellOfTests>
  void AddOther(Column column, CellOfTests cell_of_tests) {
    Add(std::move(column),
        [&](const ArmEvidence& arm) { return arm.others ? cell_of_tests(*arm.others) : Cell{}; });
  }

 private:
  std::vector<const ArmEvidence*> arms_;
  Table* table_;
};

Column NumberColumn(const char* title, const char* key) {
  return {title, key, Notation::kEstimate, kDigits, ""};
}

Cell BootstrapCell(const OtherTests& tests) {
  const BootstrapInterval& interval = tests.bootstrap;
  const bool is_short = std::isfinite(interval.low) && !interval.warning.empty();
  return {.text = is_short ? "(too short)" : "",
          .tone = is_short ? Tone::kFaint : Tone::kPlain,
          .low = interval.low,
          .high = interval.high};
}

Cell SeedsNeededCell(const OtherTests& tests) {
  const auto& needed = tests.reach.seeds_needed;
  return {.text = needed ? fmt::format("{}", *needed) : fmt::format("> {}", kMostSeedsNamed)};
}

void AddOtherTests(Builder& builder) {
  builder.AddOther({"sign-flip p", "sign_flip_p", Notation::kProbability},
                   [](const auto& tests) { return Cell{.value = tests.sign_flip.p}; });
  builder.AddOther({"Wilcoxon p", "wilcoxon_p", Notation::kProbability},
                   [](const auto& tests) { return Cell{.value = tests.ranks.p}; });
  builder.AddOther({"bootstrap interval", "bootstrap", Notation::kRange}, BootstrapCell);
  builder.AddOther(
      {"effect size", "effect_size", Notation::kEstimateRange, kDigits, ""}, [](const auto& tests) {
        return Cell{.value = tests.size.hedges, .low = tests.size.low, .high = tests.size.high};
      });
  builder.AddOther(NumberColumn("detectable", "detectable"),
                   [](const auto& tests) { return Cell{.value = tests.reach.detectable}; });
  builder.AddOther({.title = "seeds needed", .key = "seeds_needed", .right = true},
                   SeedsNeededCell);
}

// In the order of the main table's rows; a grid has none.
std::vector<const ArmEvidence*> RowsOf(const Evidence& evidence, const Comparison& comparison) {
  std::vector<const ArmEvidence*> rows;
  for (const ArmEvidence& arm : evidence.arms) {
    if (arm.arm->shown) rows.push_back(&arm);
  }
  if (comparison.grid || comparison.table.sort.empty()) return rows;
  const Table table = TableOf(comparison);
  const size_t names = ColumnNamed(table, "arm");
  const auto place = [&](const ArmEvidence* arm) {
    return std::ranges::find_if(table.rows,
                                [&](const auto& row) { return row[names].text == arm->arm->name; });
  };
  std::ranges::stable_sort(rows, {}, place);
  return rows;
}

}  // namespace

Table EvidenceTableOf(const Comparison& comparison) {
  RequireArms(comparison);
  const Evidence evidence = EvidenceOf(comparison);
  Table table;
  table.title = fmt::format("{}: evidence on {} against {}", comparison.study,
                            comparison.metrics.front(), comparison.baseline);
  Builder builder(RowsOf(evidence, comparison), &table);
  builder.Add({"arm", "arm"}, [](const auto& arm) { return Cell{.text = arm.arm->name}; });
  builder.Add({.title = "pairs", .key = "pairs", .right = true}, [](const ArmEvidence& arm) {
    return Cell{.text = fmt::format("{}", arm.judgement.pairs.difference.count)};
  });
  builder.Add({"difference", "difference", Notation::kSignedEstimate, comparison.table.digits},
              [](const ArmEvidence& arm) {
                return Cell{.value = arm.difference.mean, .half_width = arm.difference.half_width};
              });
  builder.Add({"adjusted p", "adjusted_p", Notation::kProbability},
              [](const auto& arm) { return Cell{.value = arm.judgement.adjusted_p}; });
  if (comparison.table.margin > 0) {
    builder.Add({"p of likeness", "likeness_p", Notation::kProbability}, [](const auto& arm) {
      return Cell{.value = arm.judgement.adjusted_equivalence_p};
    });
  }
  if (!evidence.is_sequential) AddOtherTests(builder);
  builder.Add(NumberColumn("noise floor", "noise_floor"),
              [](const ArmEvidence& arm) { return Cell{.value = arm.floor}; });
  builder.Add({"verdict", "verdict"}, [](const ArmEvidence& arm) { return VerdictCell(*arm.arm); });
  table.notes = EvidenceNotes(evidence, comparison);
  table.study = comparison.study;
  table.command = EvidenceCommandOf(comparison);
  return table;
}

}  // namespace upcycle
