// A study as a comparison of its arms: what each arm reached, how far it is from the baseline, and
// whether the evidence allows calling that a difference.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/comparison/arm_settings.h"
#include "results/comparison/comparability.h"
#include "results/comparison/table_column.h"
#include "results/ledger/journal_events.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/records.h"
#include "results/statistics/summary.h"
#include "results/statistics/verdict.h"

namespace upcycle {

// One run, as far as it came.
struct RunOutcome {
  int64_t seed = 0;
  StageState state = StageState::kPlanned;
  std::string cause;                           // of a failure, in the words of CauseName
  std::map<std::string, Result> values;        // by metric; empty unless the run is complete
  std::map<std::string, ValueOrigin> origins;  // of the same values
  std::map<StagePlace, Fingerprint> stages;
};

struct ArmComparison {
  std::string name;
  std::string changes;   // JSON
  std::string settings;  // JSON
  ArmCost cost;
  MeasuredText measured;
  SettingTexts setting_texts;
  bool shown = true;          // the table has it: it meets all conditions
  double flops_mismatch = 0;  // NaN without a baseline to compare with
  std::vector<RunOutcome> runs;
  std::vector<Summary> summaries;  // over the runs, one for each of Comparison::metrics
  // To the baseline, seed by seed, one for each of Comparison::metrics: of no pair where there is
  // none, pairs are missing (unless that was asked for), or values do not compare.
  std::vector<Summary> differences;
  // Of the primary metric against the baseline; empty for the baseline, and without one.
  std::optional<Judgement> judgement;
  // Where seeds come until arms are decided: how many of its runs were asked for so far.
  std::optional<int64_t> seeds_asked = std::nullopt;
};

// An arm of the recipe without a row, as another arm is the same run.
struct Twin {
  std::string name;
  std::string kept;  // the other's name
  std::string why;   // what is written unlike and means the same, in a clause; or empty
};

struct Comparison {
  std::string study;
  std::string description;
  Preference preference = Preference::kLower;
  std::string baseline;              // empty: no verdicts
  std::string matched_on;            // what budgets were made equal in; empty: nothing
  TableSpec table;                   // of the recipe, as far as nothing else was asked for
  std::vector<std::string> where;    // the conditions on the arms that are shown
  std::string command;               // that makes this table again
  bool with_evidence = false;        // what stands behind its verdicts is written below it
  std::vector<std::string> metrics;  // the primary one first
  std::vector<TableColumn> columns;
  std::optional<Grid> grid;            // in place of the columns
  std::vector<std::string> unchanged;  // settings left out, as all arms shown have them in common
  std::vector<ArmComparison> arms;     // in the order of the recipe
  std::vector<Twin> twins;
  std::vector<double> parent_values;  // of the primary metric, one for each evaluated dense parent
  bool seeds_are_over = true;         // no arm gets another one
  std::vector<std::string> notes;     // what the numbers mean, assume and lack
};

// Null without one.
const ArmComparison* BaselineOf(const Comparison& comparison);

std::vector<const ArmComparison*> ShownArms(const Comparison& comparison);

// How many arms are judged, shown or not: the family of the tests.
int64_t FamilyOf(const Comparison& comparison);

// That makes its table again with the evidence of the verdicts below it.
std::string EvidenceCommandOf(const Comparison& comparison);

// Their settings.
std::vector<const SettingTexts*> SettingsOf(const std::vector<const ArmComparison*>& arms);

}  // namespace upcycle
