// What the ledger is told about a study, and the words in which it keeps it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/enum_names.h"
#include "core/fingerprint.h"
#include "core/table_words.h"
#include "results/statistics/preference.h"

namespace upcycle {

// What a stage is to a run. Runs share stages: all runs of a study may have one parent.
enum class StageRole {
  kTokens,
  kParent,
  kParentEvaluate,
  kBranch,
  kStart,
  kTrain,
  kEvaluate,
  kBenchmark,
};
template <>
struct EnumNames<StageRole> {
  static constexpr EnumName<StageRole> values[] = {
      {StageRole::kTokens, "tokens", "the corpus as tokens"},
      {StageRole::kParent, "parent", "the training of the dense parent"},
      {StageRole::kParentEvaluate, "parent_evaluate", "what is measured of the dense parent"},
      {StageRole::kBranch, "branch", "the parent trained on with one source"},
      {StageRole::kStart, "start", "the weights that the run starts from"},
      {StageRole::kTrain, "train", "the run's own training"},
      {StageRole::kEvaluate, "evaluate", "what is measured at the end"},
      {StageRole::kBenchmark, "benchmark", "what it answers to the questions of a benchmark"},
  };
};

// A stage's place in a run: its role, and which of several with that role it is.
struct StagePlace {
  StageRole role = StageRole::kTokens;
  int64_t number = 0;  // of branches and benchmarks, which are several

  StagePlace(StageRole its_role, int64_t its_number = 0) : role(its_role), number(its_number) {}
  auto operator<=>(const StagePlace&) const = default;
};
std::string NameOf(const StagePlace& place);  // "train", "branch_2"

// Whether a run is complete when its stages of this role are.
constexpr bool EndsRun(StageRole role) { return role >= StageRole::kEvaluate; }

enum class StageState {
  kPlanned,
  kWaiting,
  kRunning,
  kComplete,
  kFailed,
  kDiverged,
  kStopped,
  kPruned,
};
template <>
struct EnumNames<StageState> {
  static constexpr EnumName<StageState> values[] = {
      {StageState::kPlanned, "planned", "nothing stands in its way"},
      {StageState::kWaiting, "waiting", "for what the reason says"},
      {StageState::kRunning, "running", "a worker is at it"},
      {StageState::kComplete, "complete", "its output is whole"},
      {StageState::kFailed, "failed", "the reason says why"},
      {StageState::kDiverged, "diverged", "a loss or gradient was not finite"},
      {StageState::kStopped, "stopped", "asked to stop; the same command continues"},
      {StageState::kPruned, "pruned", "ended early, because others were better at the same step"},
  };
};

StageRole StageRoleFromName(std::string_view name);    // an unknown name is a bug
StageState StageStateFromName(std::string_view name);  // an unknown name is a bug

// Whether an attempt can end so: complete, failed, diverged, stopped or pruned.
bool IsOutcome(StageState state);

Preference PreferenceFromName(std::string_view name);  // an unknown name is a bug

// The text itself. Throws Error(kInput) if it is no object of JSON; so do the readers of JSON
// below.
std::string StoredObject(std::string json);

// What one run of an arm costs, as counted from its settings.
struct ArmCost {
  double parameters_total = 0;
  double parameters_active = 0;  // that one token meets
  double train_flops = 0;        // of the run's own training, forward and backward
  double train_tokens = 0;
  double parent_train_flops = 0;  // already spent on the parent and its branches; 0 without one
  double branch_train_flops = 0;  // of which on branches
  int64_t experts = 0;            // of a layer that has them; 0 for a dense model
  bool operator==(const ArmCost&) const = default;
};
std::string JsonFromCost(const ArmCost& cost);
ArmCost CostFromJson(std::string_view json);

struct StageRecord {
  Fingerprint fingerprint;
  std::string kind;      // for people: "train"
  std::string settings;  // JSON: what its fingerprint was made of
  std::vector<Fingerprint> inputs;
};

struct RunRecord {
  int64_t seed = 0;
  std::map<StagePlace, Fingerprint> stages;
};

// `changes` and `settings` are exported: JSON objects of the fields that decide results, and
// nothing that depends on machine or place.
struct ArmRecord {
  std::string name;
  std::string changes = "{}";   // what sets it apart from the recipe's base: {"moe.top_k": 1}
  std::string settings = "{}";  // all of them
  ArmCost cost = {};
  std::vector<RunRecord> runs = {};
};

// What the table shows. An empty list of columns: what the study has recorded, as
// results/comparison/compare_study.h says.
struct TableSpec {
  std::string rows = "arm";          // or the path of a setting, shown in front of the arm's name
  std::vector<std::string> columns;  // metrics, costs, settings and words of the test, by name
  CellMeaning cell = CellMeaning::kMeanInterval;
  BoldRule bold = BoldRule::kNone;
  std::string sort;           // a column, perhaps with ":desc"; empty: the order of the recipe
  bool only_changed = false;  // settings that differ are columns, and no others
  double interval = 0.95;     // of confidence
  int64_t digits = 5;         // the most significant ones that a value shows
  double margin = 0;          // differences within it are equivalent; 0: none is
  // Where arms get seeds until they are decided: before the first look, and at most; 0: all run.
  int64_t first_seeds = 0, most_seeds = 0;

  double Level() const { return 1 - interval; }  // of the tests, as 0.05
  bool IsSequential() const { return most_seeds > 0; }
  bool operator==(const TableSpec&) const = default;
};
std::string JsonFromTableSpec(const TableSpec& spec);
TableSpec TableSpecFromJson(std::string_view json);

struct StudyRecord {
  std::string name;
  std::string description;
  std::string recipe = "{}";  // JSON: the recipe with its bases and overrides resolved
  std::string metric;         // the primary one, "validation/loss"
  Preference preference = Preference::kLower;
  std::string baseline;    // the arm that differences are taken to, or empty: no comparison
  std::string matched_on;  // what arms' budgets were made equal in, as the recipe has it; or empty
  TableSpec table;
  std::vector<StageRecord> stages;  // all that the runs name, each once
  std::vector<ArmRecord> arms;      // in the order of the recipe
};

// Metrics whose values depend on clock or machine ("system/tokens_per_second") are recorded for
// `status`, and no comparison or export ever shows them.
bool IsSystemMetric(std::string_view name);

}  // namespace upcycle
