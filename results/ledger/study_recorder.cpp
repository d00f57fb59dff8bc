#include "results/ledger/study_recorder.h"

#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/error.h"
#include "results/ledger/study_json.h"

namespace upcycle {
namespace {

// Mistakes that the recipe's own checks leave no room for.
void CheckNames(const StudyRecord& study) {
  std::set<std::string_view> names;
  for (const ArmRecord& arm : study.arms) UPCYCLE_CHECK(names.insert(arm.name).second);
  UPCYCLE_CHECK(!study.name.empty() && !study.metric.empty());
  UPCYCLE_CHECK(study.baseline.empty() || names.contains(study.baseline));
}

Fingerprint RecordFingerprint(const StudyRecord& study) {
  return Hasher().Add(JsonOf(study).dump()).Finish();
}

}  // namespace

StudyRecorder::StudyRecorder(Database& ledger)
    : ledger_(ledger),
      upsert_arm_(ledger.Prepare(
          "INSERT INTO arm (study, position, name, changes, settings, cost) "
          "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position, "
          "changes = excluded.changes, settings = excluded.settings, cost = excluded.cost, "
          "absent = 0 RETURNING id")),
      upsert_run_(ledger.Prepare("INSERT INTO run (arm, seed) VALUES (?, ?) "
                                 "ON CONFLICT DO UPDATE SET absent = 0 RETURNING id")),
      insert_stage_(ledger.Prepare("INSERT INTO stage (fingerprint, kind, settings, state) "
                                   "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")),
      find_stage_(ledger.Prepare("SELECT id FROM stage WHERE fingerprint = ?")),
      insert_input_(ledger.Prepare("INSERT OR IGNORE INTO stage_input (stage, input) "
                                   "VALUES (?, ?)")),
      clear_run_stages_(ledger.Prepare("DELETE FROM run_stage WHERE run = ?")),
      insert_run_stage_(
          ledger.Prepare("INSERT INTO run_stage (run, role, number, stage) VALUES (?, ?, ?, ?)")) {}

void StudyRecorder::Record(const StudyRecord& study) {
  CheckNames(study);
  stage_ids_.clear();
  const int64_t id = RecordHead(study);
  RecordStages(study);
  int64_t position = 0;
  for (const ArmRecord& arm : study.arms) RecordArm(id, position++, arm);
}

// Writes the study's own row and takes every arm and run for absent until it is met again.
int64_t StudyRecorder::RecordHead(const StudyRecord& study) {
  Statement upsert = ledger_.Prepare(
      "INSERT INTO study (name, description, recipe, metric, goal, baseline, matched_on, "
      "table_settings, record) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET description = "
      "excluded.description, record = excluded.record, "
      "recipe = excluded.recipe, metric = excluded.metric, goal = excluded.goal, "
      "baseline = excluded.baseline, matched_on = excluded.matched_on, "
      "table_settings = excluded.table_settings RETURNING id");
  upsert.Bind(study.name, study.description, study.recipe, study.metric, NameOf(study.preference),
              study.baseline, study.matched_on, JsonFromTableSpec(study.table),
              RecordFingerprint(study).Hex());
  UPCYCLE_CHECK(upsert.Step());
  const int64_t id = upsert.Int(0);
  upsert.Run();
  ledger_.Prepare("UPDATE arm SET absent = 1 WHERE study = ?").Bind(id).Run();
  ledger_.Prepare("UPDATE run SET absent = 1 WHERE arm IN (SELECT id FROM arm WHERE study = ?)")
      .Bind(id)
      .Run();
  return id;
}

void StudyRecorder::RecordStages(const StudyRecord& study) {
  for (const StageRecord& stage : study.stages) {
    insert_stage_
        .Bind(stage.fingerprint.Hex(), stage.kind, stage.settings, NameOf(StageState::kPlanned))
        .Run();
  }
  for (const StageRecord& stage : study.stages) {
    for (const Fingerprint& input : stage.inputs) {
      insert_input_.Bind(StageId(stage.fingerprint), StageId(input)).Run();
    }
  }
}

void StudyRecorder::RecordArm(int64_t study, int64_t position, const ArmRecord& arm) {
  upsert_arm_.Bind(study, position, arm.name, arm.changes, arm.settings, JsonFromCost(arm.cost));
  UPCYCLE_CHECK(upsert_arm_.Step());
  const int64_t id = upsert_arm_.Int(0);
  upsert_arm_.Run();
  for (const RunRecord& run : arm.runs) RecordRun(id, run);
}

void StudyRecorder::RecordRun(int64_t arm, const RunRecord& run) {
  upsert_run_.Bind(arm, run.seed);
  UPCYCLE_CHECK(upsert_run_.Step());
  const int64_t id = upsert_run_.Int(0);
  upsert_run_.Run();
  clear_run_stages_.Bind(id).Run();
  for (const auto& [place, stage] : run.stages) {
    insert_run_stage_.Bind(id, NameOf(place.role), place.number, StageId(stage)).Run();
  }
}

bool StudyRecorder::Has(const StudyRecord& study) {
  Statement find = ledger_.Prepare("SELECT record FROM study WHERE name = ?");
  find.Bind(study.name);
  return find.Step() && find.Text(0) == RecordFingerprint(study).Hex();
}

int64_t StudyRecorder::StageId(const Fingerprint& stage) {
  const auto [known, added] = stage_ids_.try_emplace(stage, 0);
  if (!added) return known->second;
  find_stage_.Bind(stage.Hex());
  if (!find_stage_.Step()) {
    throw Error(Cause::kBug,
                fmt::format("a run names the stage {}, which neither the study nor the "
                            "ledger has",
                            stage.Short()));
  }
  known->second = find_stage_.Int(0);
  find_stage_.Reset();
  return known->second;
}

}  // namespace upcycle
