#include "results/ledger/ledger_reader.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/spelling.h"
#include "core/text.h"
#include "results/ledger/item_table.h"
#include "results/ledger/ledger.h"
#include "results/ledger/result_table.h"
#include "results/ledger/stage_states.h"
#include "results/ledger/stored_value.h"

namespace upcycle {
namespace {

// The rows of some metrics, by number, that belong to a role of a study's present runs. CROSS JOIN
// keeps the order of the loops, which goes from the study's few rows to single look-ups in the
// large tables.
constexpr std::string_view kValuesOfRuns =
    "SELECT run.id, found.metric, found.value, {}, run_stage.number FROM arm "
    "CROSS JOIN run ON run.arm = arm.id AND NOT run.absent "
    "CROSS JOIN run_stage ON run_stage.run = run.id AND run_stage.role = ? "
    "CROSS JOIN {} AS found ON found.stage = run_stage.stage AND found.metric IN ({}) "
    "WHERE arm.study = ? AND NOT arm.absent";

// Where values come from, the better source first.
struct ValueSource {
  std::string_view table;
  std::string_view uncertainty;  // the columns of standard error, count and step
};
constexpr ValueSource kValueSources[] = {{"result", "found.standard_error, found.count, NULL"},
                                         {"latest", "NULL, NULL, found.step"}};

constexpr StageRole kRolesWithValues[] = {StageRole::kEvaluate, StageRole::kBenchmark,
                                          StageRole::kTrain, StageRole::kStart};

using RunsById = std::unordered_map<int64_t, RunFacts*>;
using MetricNames = std::map<int64_t, std::string>;  // by number

template <typename T>
std::optional<T> IfPresent(const Statement& row, int column, T value) {
  return row.IsNull(column) ? std::nullopt : std::optional<T>(value);
}

StageFacts StageFromRow(const Statement& row) {
  return ReadStored(row, [&] {
    return StageFacts{.id = row.Int(0),
                      .fingerprint = Fingerprint::FromHex(row.Text(1)),
                      .kind = row.Text(2),
                      .state = StageStateFromName(row.Text(3)),
                      .reason = row.Text(4),
                      .step = row.Int(5),
                      .steps = row.Int(6)};
  });
}

std::string UnknownStudy(std::string_view name, const std::vector<std::string>& known,
                         const fs::path& path) {
  std::string message = fmt::format("there is no study \"{}\" in {}", name, path.native());
  if (known.empty()) return message + ", which has none yet: run a recipe first";
  return message + DidYouMean(name, known) + " It has " + FirstNames(known);
}

AttemptEnd EndFromRow(const Statement& row) {
  return {.outcome = StageStateFromName(row.Text(5)),
          .cause = row.Text(6),
          .message = row.Text(7),
          .exit_code = IfPresent<int>(row, 12, static_cast<int>(row.Int(12))),
          .signal = IfPresent<int>(row, 13, static_cast<int>(row.Int(13))),
          .peak_memory_bytes = IfPresent<int64_t>(row, 8, row.Int(8)),
          .wall_seconds = IfPresent<double>(row, 9, row.Real(9)),
          .cpu_seconds = IfPresent<double>(row, 10, row.Real(10)),
          .time = IfPresent<double>(row, 11, row.Real(11))};
}

// Those of the metrics that the ledger has.
MetricNames NumbersOf(std::span<const std::string> metrics, Database& ledger) {
  MetricNames names;
  Statement row = ledger.Prepare("SELECT id FROM metric WHERE name = ?");
  for (const std::string& metric : metrics) {
    row.Bind(metric);
    if (row.Step()) names[row.Int(0)] = metric;
  }
  return names;
}

// Gives the runs what one source has of these metrics for their stages of one role; the numbers of
// the metrics that it has.
std::set<int64_t> ReadValuesFrom(const ValueSource& source, StageRole role, int64_t study,
                                 const MetricNames& metrics, const RunsById& runs,
                                 Database& ledger) {
  std::set<int64_t> found;
  if (metrics.empty()) return found;
  Statement rows = ledger.Prepare(fmt::format(kValuesOfRuns, source.uncertainty, source.table,
                                              fmt::join(std::views::keys(metrics), ", ")));
  rows.Bind(NameOf(role), study);
  while (rows.Step()) {
    const auto run = runs.find(rows.Int(0));
    if (run == runs.end()) continue;
    const std::string& metric = metrics.at(rows.Int(1));
    found.insert(rows.Int(1));
    run->second->values[metric] = {metric, rows.Real(2), IfPresent<double>(rows, 3, rows.Real(3)),
                                   IfPresent<int64_t>(rows, 4, rows.Int(4))};
    run->second->origins.insert_or_assign(
        metric, ValueOrigin{{role, rows.Int(6)}, IfPresent<int64_t>(rows, 5, rows.Int(5))});
  }
  return found;
}

}  // namespace

StageState StateOfRun(const StudyFacts& study, const RunFacts& run) {
  if (run.stages.empty()) return StageState::kPlanned;
  const auto& last = *run.stages.rbegin();
  const bool is_complete = std::ranges::all_of(run.stages, [&](const auto& stage) {
    const bool ends = EndsRun(stage.first.role) || stage == last;
    return !ends || study.stages[stage.second].state == StageState::kComplete;
  });
  if (is_complete) return StageState::kComplete;
  for (const StageState state : {StageState::kDiverged, StageState::kFailed, StageState::kRunning,
                                 StageState::kStopped, StageState::kPruned, StageState::kWaiting}) {
    for (const auto& [place, stage] : run.stages) {
      if (study.stages[stage].state == state) return state;
    }
  }
  return StageState::kPlanned;
}

LedgerReader::LedgerReader(const fs::path& path) : ledger_(OpenLedgerForReading(path)) {}

std::vector<std::string> LedgerReader::StudyNames() {
  std::vector<std::string> names;
  Statement rows = ledger_.Prepare("SELECT name FROM study ORDER BY name");
  while (rows.Step()) names.push_back(rows.Text(0));
  return names;
}

StudyFacts LedgerReader::ReadStudy(std::string_view name) {
  Statement row = ledger_.Prepare(
      "SELECT id, name, description, metric, goal, baseline, matched_on, table_settings "
      "FROM study "
      "WHERE name = ?");
  row.Bind(name);
  if (!row.Step()) {
    throw Error(Cause::kInput, UnknownStudy(name, StudyNames(), ledger_.path()));
  }
  StudyFacts study = ReadStored(row, [&] {
    return StudyFacts{.id = row.Int(0),
                      .name = row.Text(1),
                      .description = row.Text(2),
                      .metric = row.Text(3),
                      .preference = PreferenceFromName(row.Text(4)),
                      .baseline = row.Text(5),
                      .matched_on = row.Text(6),
                      .table = TableSpecFromJson(row.Text(7)),
                      .stages = {},
                      .arms = {}};
  });
  ReadStages(&study);
  ReadArms(&study);
  return study;
}

std::string LedgerReader::ReadRecipe(const StudyFacts& study) {
  Statement row = ledger_.Prepare("SELECT recipe FROM study WHERE id = ?");
  row.Bind(study.id);
  if (!row.Step()) return "{}";
  return ReadStored(row, [&] { return StoredObject(row.Text(0)); });
}

void LedgerReader::ReadStages(StudyFacts* study) {
  Statement rows = ledger_.Prepare(
      "SELECT id, fingerprint, kind, state, reason, step, steps FROM stage WHERE id IN ("
      "SELECT run_stage.stage FROM arm CROSS JOIN run ON run.arm = arm.id AND NOT run.absent "
      "CROSS JOIN run_stage ON run_stage.run = run.id WHERE arm.study = ? AND NOT arm.absent) "
      "ORDER BY fingerprint");
  rows.Bind(study->id);
  while (rows.Step()) study->stages.push_back(StageFromRow(rows));
}

void LedgerReader::ReadArms(StudyFacts* study) {
  std::unordered_map<int64_t, size_t> stage_places;
  for (size_t i = 0; i < study->stages.size(); ++i) stage_places[study->stages[i].id] = i;

  Statement arms = ledger_.Prepare(
      "SELECT id, name, changes, settings, cost FROM arm WHERE study = ? AND NOT absent "
      "ORDER BY position");
  Statement runs = ledger_.Prepare(
      "SELECT run.id, run.seed, run_stage.role, run_stage.number, run_stage.stage FROM run "
      "LEFT JOIN run_stage ON run_stage.run = run.id WHERE run.arm = ? AND NOT run.absent "
      "ORDER BY run.seed");
  arms.Bind(study->id);
  while (arms.Step()) {
    ArmFacts arm = ReadStored(arms, [&] {
      return ArmFacts{arms.Text(1),
                      StoredObject(arms.Text(2)),
                      StoredObject(arms.Text(3)),
                      CostFromJson(arms.Text(4)),
                      {}};
    });
    runs.Bind(arms.Int(0));
    while (runs.Step()) {
      if (arm.runs.empty() || arm.runs.back().id != runs.Int(0)) {
        arm.runs.push_back({.id = runs.Int(0), .seed = runs.Int(1), .stages = {}, .values = {}});
      }
      if (runs.IsNull(2)) continue;
      const StagePlace place(StageRoleFromName(runs.Text(2)), runs.Int(3));
      arm.runs.back().stages[place] = stage_places.at(runs.Int(4));
    }
    study->arms.push_back(std::move(arm));
  }
}

void LedgerReader::ReadValues(StudyFacts* study, std::span<const std::string> metrics) {
  RunsById complete;
  for (ArmFacts& arm : study->arms) {
    for (RunFacts& run : arm.runs) {
      if (StateOfRun(*study, run) == StageState::kComplete) complete[run.id] = &run;
    }
  }
  MetricNames missing = NumbersOf(metrics, ledger_);
  for (const ValueSource& source : kValueSources) {
    for (const StageRole role : kRolesWithValues) {
      for (const int64_t found :
           ReadValuesFrom(source, role, study->id, missing, complete, ledger_)) {
        missing.erase(found);
      }
    }
  }
}

std::vector<double> LedgerReader::ReadParentValues(const StudyFacts& study,
                                                   const std::string& metric) {
  std::set<int64_t> parents;
  for (const ArmFacts& arm : study.arms) {
    for (const RunFacts& run : arm.runs) {
      const auto place = run.StageOf(StageRole::kParentEvaluate);
      if (!place || study.stages[*place].state != StageState::kComplete) continue;
      parents.insert(study.stages[*place].id);
    }
  }
  std::vector<double> values;
  Statement row = ledger_.Prepare(
      "SELECT value FROM result WHERE stage = ? AND value IS NOT NULL "
      "AND metric = (SELECT id FROM metric WHERE name = ?)");
  for (const int64_t stage : parents) {
    row.Bind(stage, metric);
    if (row.Step()) values.push_back(row.Real(0));
  }
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<std::string> LedgerReader::ResultNames(const StudyFacts& study) {
  std::vector<std::string> names;
  Statement rows = ledger_.Prepare(
      "SELECT name FROM metric WHERE id IN ("
      "SELECT result.metric FROM arm CROSS JOIN run ON run.arm = arm.id AND NOT run.absent "
      "CROSS JOIN run_stage ON run_stage.run = run.id AND run_stage.role IN ('evaluate', "
      "'benchmark') "
      "CROSS JOIN result ON result.stage = run_stage.stage "
      "WHERE arm.study = ? AND NOT arm.absent) ORDER BY name");
  rows.Bind(study.id);
  while (rows.Step()) names.push_back(rows.Text(0));
  return names;
}

std::vector<std::string> LedgerReader::RecordedMetrics(const StudyFacts& study) {
  std::set<std::string> names;
  for (const ValueSource& source : kValueSources) {
    Statement rows = ledger_.Prepare(fmt::format(
        "SELECT DISTINCT metric.name FROM arm CROSS JOIN run ON run.arm = arm.id AND NOT "
        "run.absent "
        "CROSS JOIN run_stage ON run_stage.run = run.id AND run_stage.role IN ('evaluate', "
        "'benchmark', 'train', 'start') "
        "CROSS JOIN {} AS found ON found.stage = run_stage.stage "
        "CROSS JOIN metric ON metric.id = found.metric WHERE arm.study = ? AND NOT arm.absent",
        source.table));
    rows.Bind(study.id);
    while (rows.Step()) {
      if (!IsSystemMetric(rows.Text(0))) names.insert(rows.Text(0));
    }
  }
  return {names.begin(), names.end()};
}

std::map<Fingerprint, StageState> LedgerReader::StageStates() { return ReadStageStates(ledger_); }

std::optional<StageFacts> LedgerReader::FindStage(const Fingerprint& fingerprint) {
  const auto found = FindStages({&fingerprint, 1});
  return found.empty() ? std::nullopt : std::optional(found.begin()->second);
}

std::map<Fingerprint, StageFacts> LedgerReader::FindStages(
    std::span<const Fingerprint> fingerprints) {
  std::map<Fingerprint, StageFacts> found;
  Statement row = ledger_.Prepare(
      "SELECT id, fingerprint, kind, state, reason, step, steps FROM stage WHERE fingerprint = ?");
  for (const Fingerprint& fingerprint : fingerprints) {
    row.Bind(fingerprint.Hex());
    if (row.Step()) found[fingerprint] = StageFromRow(row);
  }
  return found;
}

std::string LedgerReader::ReadStageSettings(int64_t stage) {
  Statement row = ledger_.Prepare("SELECT settings FROM stage WHERE id = ?");
  row.Bind(stage);
  if (!row.Step()) return "{}";
  return ReadStored(row, [&] { return StoredObject(row.Text(0)); });
}

std::vector<AttemptFacts> LedgerReader::ReadAttempts(int64_t stage) {
  std::vector<AttemptFacts> attempts;
  Statement rows = ledger_.Prepare(
      "SELECT number, host, pid, device, started, outcome, cause, message, peak_memory_bytes, "
      "wall_seconds, cpu_seconds, ended, exit_code, signal, provenance, launch FROM attempt WHERE "
      "stage = "
      "? ORDER BY number");
  rows.Bind(stage);
  while (rows.Step()) {
    AttemptFacts attempt = {rows.Int(0),
                            {.host = rows.Text(1),
                             .pid = rows.Int(2),
                             .device = rows.Text(3),
                             .time = IfPresent<double>(rows, 4, rows.Real(4)),
                             .launch = IfPresent<int64_t>(rows, 15, rows.Int(15)),
                             .provenance = rows.Text(14)},
                            std::nullopt};
    if (!rows.IsNull(5)) attempt.end = EndFromRow(rows);
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

std::map<std::string, MetricPoint> LedgerReader::ReadLatest(int64_t stage) {
  std::map<std::string, MetricPoint> latest;
  Statement rows = ledger_.Prepare(
      "SELECT metric.name, step, value FROM latest JOIN metric ON metric.id = latest.metric "
      "WHERE stage = ?");
  rows.Bind(stage);
  while (rows.Step()) latest[rows.Text(0)] = {rows.Int(1), rows.Real(2)};
  return latest;
}

std::vector<Result> LedgerReader::ReadResults(int64_t stage) {
  return upcycle::ReadResults(ledger_, stage);
}

std::vector<std::string> LedgerReader::ReadTasks(int64_t stage) {
  return upcycle::ReadTasks(ledger_, stage);
}

std::vector<Item> LedgerReader::ReadItems(int64_t stage, std::string_view task) {
  return upcycle::ReadItems(ledger_, stage, task);
}

std::vector<MetricPoint> LedgerReader::ReadPoints(int64_t stage, std::string_view metric) {
  std::vector<MetricPoint> points;
  Statement rows = ledger_.Prepare(
      "SELECT step, value FROM point WHERE stage = ? AND metric = (SELECT id FROM metric "
      "WHERE name = ?) ORDER BY step");
  rows.Bind(stage, metric);
  while (rows.Step()) points.push_back({rows.Int(0), rows.Real(1)});
  return points;
}

}  // namespace upcycle
