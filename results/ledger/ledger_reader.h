// What the ledger knows, for compare, export, status and planning. Reads beside the writer; each
// call sees whole transactions, and calls under one Snapshot see the same ones.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "results/ledger/database.h"
#include "results/ledger/journal_events.h"
#include "results/ledger/records.h"
#include "results/ledger/root_events.h"

namespace upcycle {

struct StageFacts {
  int64_t id = 0;
  Fingerprint fingerprint;
  std::string kind;
  StageState state = StageState::kPlanned;
  std::string reason;
  int64_t step = 0;
  int64_t steps = 0;  // 0: no progress was recorded
};

// Where a value of a run was read.
struct ValueOrigin {
  StagePlace place;
  std::optional<int64_t> step = std::nullopt;  // of a series' newest point; empty: a final result
};

struct RunFacts {
  int64_t id = 0;
  int64_t seed = 0;
  std::map<StagePlace, size_t> stages;              // indices into StudyFacts::stages
  std::map<std::string, Result> values;             // by metric, from ReadValues
  std::map<std::string, ValueOrigin> origins = {};  // of the same

  std::optional<size_t> StageOf(const StagePlace& place) const {
    const auto found = stages.find(place);
    return found == stages.end() ? std::nullopt : std::optional(found->second);
  }
};

struct ArmFacts {
  std::string name;
  std::string changes;   // JSON
  std::string settings;  // JSON
  ArmCost cost;
  std::vector<RunFacts> runs;  // by rising seed
};

// A study as its recipe last had it; what has left the recipe is left out.
struct StudyFacts {
  int64_t id = 0;
  std::string name;
  std::string description;
  std::string metric;
  Preference preference = Preference::kLower;
  std::string baseline;    // empty: none
  std::string matched_on;  // empty: nothing
  TableSpec table;
  std::vector<StageFacts> stages;  // in the order of their fingerprints
  std::vector<ArmFacts> arms;      // in the order of the recipe
};

// Complete if the run's last stage is; else diverged, failed, running, stopped, pruned or waiting
// if any of its stages is, in this order; else planned.
StageState StateOfRun(const StudyFacts& study, const RunFacts& run);

struct AttemptFacts {
  int64_t number = 0;  // from 1
  AttemptStart start;
  std::optional<AttemptEnd> end;  // empty while it runs
};

struct LaunchFacts {
  LaunchStart start;
  std::optional<LaunchEnd> end;  // empty while it runs, or where it was killed
};

struct MetricPoint {
  int64_t step = 0;
  double value = 0;
  bool operator==(const MetricPoint&) const = default;
};

class LedgerReader {
 public:
  // As OpenLedgerForReading (results/ledger/ledger.h).
  explicit LedgerReader(const fs::path& path);

  // While it lives, all calls see the ledger as it is now; under another one, as that one does.
  [[nodiscard]] Transaction Snapshot() { return Transaction(ledger_, Transaction::Kind::kRead); }

  std::vector<std::string> StudyNames();  // in the order of the alphabet

  // Throws Error(kInput) with the nearest name and the list of all if there is no such study.
  StudyFacts ReadStudy(std::string_view name);

  // All that RecordStudy was told of what is still in the recipe.
  StudyRecord ReadStudyRecord(std::string_view name);

  // Of a study, in their order.
  std::vector<LaunchFacts> ReadLaunches(std::string_view study);

  // By id, the stages at which the study's last launch made attempts; none where there was none.
  std::set<int64_t> ReadStagesOfLastLaunch(std::string_view study);

  // What nobody may run now, of all studies.
  std::vector<HoldSet> ReadHolds();

  // JSON: the recipe as it was recorded, with bases and overrides resolved.
  std::string ReadRecipe(const StudyFacts& study);

  // Fills RunFacts::values for these metrics. A run counts once it is complete, and it has at most
  // one value of a metric: the result of its evaluation; if no run of the study has that, the
  // result of its training, or of its start; if no run has these, the newest point of one of the
  // three, in the same order. So all values of one metric come from the same kind of measurement.
  void ReadValues(StudyFacts* study, std::span<const std::string> metrics);

  // What the evaluations of the study's complete parents have of a metric, in rising order.
  std::vector<double> ReadParentValues(const StudyFacts& study, const std::string& metric);

  // The metrics that evaluations of this study have results of, in the order of the alphabet.
  std::vector<std::string> ResultNames(const StudyFacts& study);

  // All that its runs have recorded, along the way too, but for what depends on the clock.
  std::vector<std::string> RecordedMetrics(const StudyFacts& study);

  // Of every stage that the ledger knows.
  std::map<Fingerprint, StageState> StageStates();

  std::optional<StageFacts> FindStage(const Fingerprint& fingerprint);
  // Those of them that the ledger has.
  std::map<Fingerprint, StageFacts> FindStages(std::span<const Fingerprint> fingerprints);
  // JSON of what the stage's fingerprint was made of.
  std::string ReadStageSettings(int64_t stage);
  std::vector<AttemptFacts> ReadAttempts(int64_t stage);
  std::map<std::string, MetricPoint> ReadLatest(int64_t stage);
  // By metric, in the order of the alphabet.
  std::vector<Result> ReadResults(int64_t stage);
  // Those that the stage has items of, in the order of the alphabet: "mmlu/physics".
  std::vector<std::string> ReadTasks(int64_t stage);
  // Of one task of a benchmark, in their order; of "mmlu" those of all its subjects.
  std::vector<Item> ReadItems(int64_t stage, std::string_view task);
  std::vector<MetricPoint> ReadPoints(int64_t stage, std::string_view metric);

 private:
  friend class LiveReader;  // results/ledger/live_reader.h
  void ReadStages(StudyFacts* study);
  void ReadArms(StudyFacts* study);

  Database ledger_;
};

}  // namespace upcycle
