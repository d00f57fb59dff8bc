// Writes the definition of a study: its arms, runs and stages. Part of the writer; the caller holds
// the transaction.
#pragma once

#include <cstdint>
#include <map>

#include "results/ledger/database.h"
#include "results/ledger/records.h"

namespace upcycle {

class StudyRecorder {
 public:
  explicit StudyRecorder(Database& ledger);

  void Record(const StudyRecord& study);
  // Whether the study is recorded just so.
  bool Has(const StudyRecord& study);

 private:
  int64_t RecordHead(const StudyRecord& study);
  void RecordStages(const StudyRecord& study);
  void RecordArm(int64_t study, int64_t position, const ArmRecord& arm);
  void RecordRun(int64_t arm, const RunRecord& run);
  int64_t StageId(const Fingerprint& stage);

  Database& ledger_;
  Statement upsert_arm_;
  Statement upsert_run_;
  Statement insert_stage_;
  Statement find_stage_;
  Statement insert_input_;
  Statement clear_run_stages_;
  Statement insert_run_stage_;
  std::map<Fingerprint, int64_t> stage_ids_;
};

}  // namespace upcycle
