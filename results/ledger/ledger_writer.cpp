#include "results/ledger/ledger_writer.h"

#include <variant>

#include <fmt/format.h>

#include "core/error.h"
#include "results/ledger/attempt_table.h"
#include "results/ledger/item_table.h"
#include "results/ledger/ledger.h"
#include "results/ledger/point_table.h"
#include "results/ledger/root_table.h"
#include "results/ledger/stage_states.h"
#include "results/ledger/study_recorder.h"

namespace upcycle {

struct LedgerWriter::Parts {
  explicit Parts(const fs::path& path)
      : ledger(OpenLedgerForWriting(path)),
        attempts(ledger),
        points(ledger),
        items(ledger),
        studies(ledger),
        root(ledger),
        find_stage(ledger.Prepare("SELECT id, journal_offset FROM stage WHERE fingerprint = ?")),
        set_offset(ledger.Prepare("UPDATE stage SET journal_offset = ? WHERE id = ?")),
        set_progress(ledger.Prepare("UPDATE stage SET step = ?, steps = ? WHERE id = ?")) {}

  struct Stage {
    int64_t id;
    uint64_t journal_offset;
  };
  std::optional<Stage> FindStage(const Fingerprint& fingerprint);
  Stage RequireStage(const Fingerprint& fingerprint);
  void Apply(int64_t stage, const StageEvent& event);
  void Apply(const RootEvent& event);
  void Apply(int64_t stage, std::span<const JournalRecord> records);

  Database ledger;
  AttemptTable attempts;
  PointTable points;
  ItemTable items;
  StudyRecorder studies;
  RootTable root;
  Statement find_stage;
  Statement set_offset;
  Statement set_progress;
};

std::optional<LedgerWriter::Parts::Stage> LedgerWriter::Parts::FindStage(
    const Fingerprint& fingerprint) {
  find_stage.Bind(fingerprint.Hex());
  if (!find_stage.Step()) return std::nullopt;
  const Stage stage = {find_stage.Int(0), static_cast<uint64_t>(find_stage.Int(1))};
  find_stage.Reset();
  return stage;
}

LedgerWriter::Parts::Stage LedgerWriter::Parts::RequireStage(const Fingerprint& fingerprint) {
  if (const auto stage = FindStage(fingerprint)) return *stage;
  throw Error(Cause::kBug, fmt::format("the ledger {} has no stage {}: no study records it",
                                       ledger.path().native(), fingerprint.Short()));
}

void LedgerWriter::Parts::Apply(int64_t stage, const StageEvent& event) {
  if (const auto* start = std::get_if<AttemptStart>(&event)) {
    attempts.Begin(stage, *start);
  } else if (const auto* end = std::get_if<AttemptEnd>(&event)) {
    attempts.End(stage, *end);
  } else if (const auto* judgement = std::get_if<AttemptJudgement>(&event)) {
    attempts.Judge(stage, *judgement);
  } else if (const auto* result = std::get_if<Result>(&event)) {
    points.WriteResult(stage, *result);
  } else if (const auto* item = std::get_if<Item>(&event)) {
    items.Write(stage, *item);
  } else if (const auto* progress = std::get_if<Progress>(&event)) {
    set_progress.Bind(progress->step, progress->steps, stage).Run();
  }
}

void LedgerWriter::Parts::Apply(const RootEvent& event) {
  if (const auto* recorded = std::get_if<StudyRecorded>(&event)) {
    studies.Record(recorded->study);
  } else if (const auto* start = std::get_if<LaunchStart>(&event)) {
    root.Start(*start);
  } else if (const auto* end = std::get_if<LaunchEnd>(&event)) {
    root.End(*end);
  } else if (const auto* hold = std::get_if<HoldSet>(&event)) {
    root.Set(*hold);
  } else if (const auto* lifted = std::get_if<HoldLifted>(&event)) {
    root.Lift(*lifted);
  }
}

void LedgerWriter::Parts::Apply(int64_t stage, std::span<const JournalRecord> records) {
  for (const JournalRecord& record : records) {
    if (const auto* point = std::get_if<JournalPoint>(&record)) {
      points.Add(*point);
    } else {
      Apply(stage, ParseStageEvent(std::get<JournalEvent>(record).json));
    }
  }
  points.Write(stage);
}

LedgerWriter::LedgerWriter(const fs::path& path) : parts_(std::make_unique<Parts>(path)) {}
LedgerWriter::~LedgerWriter() = default;
LedgerWriter::LedgerWriter(LedgerWriter&&) noexcept = default;
LedgerWriter& LedgerWriter::operator=(LedgerWriter&&) noexcept = default;

void LedgerWriter::RecordStudy(const StudyRecord& study) {
  Transaction transaction(parts_->ledger, Transaction::Kind::kWrite);
  parts_->studies.Record(study);
  transaction.Commit();
}

void LedgerWriter::SetStageState(const Fingerprint& stage, StageState state,
                                 std::string_view reason) {
  const StageChange change = {stage, state, std::string(reason)};
  SetStageStates({&change, 1});
}

void LedgerWriter::SetStageStates(std::span<const StageChange> changes) {
  Transaction transaction(parts_->ledger, Transaction::Kind::kWrite);
  for (const StageChange& change : changes) {
    parts_->attempts.SetState(parts_->RequireStage(change.stage).id, change.state, change.reason);
  }
  transaction.Commit();
}

bool LedgerWriter::Ingest(const Fingerprint& fingerprint, std::span<const JournalRecord> records,
                          uint64_t journal_offset) {
  try {
    Transaction transaction(parts_->ledger, Transaction::Kind::kWrite);
    const Parts::Stage stage = parts_->RequireStage(fingerprint);
    if (stage.journal_offset >= journal_offset) return false;
    parts_->Apply(stage.id, records);
    parts_->set_offset.Bind(journal_offset, stage.id).Run();
    transaction.Commit();
    return true;
  } catch (...) {
    parts_->points.Discard();
    throw;
  }
}

void LedgerWriter::IngestRoot(std::span<const JournalRecord> records, uint64_t journal_offset) {
  Transaction transaction(parts_->ledger, Transaction::Kind::kWrite);
  for (const JournalRecord& record : records) {
    const auto* event = std::get_if<JournalEvent>(&record);
    if (event != nullptr) parts_->Apply(ParseRootEvent(event->json));
  }
  parts_->root.SetOffset(journal_offset);
  transaction.Commit();
}

uint64_t LedgerWriter::RootOffset() { return parts_->root.Offset(); }

int64_t LedgerWriter::LastLaunch() { return parts_->root.LastLaunch(); }

bool LedgerWriter::HasStudy(const StudyRecord& study) { return parts_->studies.Has(study); }

const fs::path& LedgerWriter::path() const { return parts_->ledger.path(); }

std::map<Fingerprint, StageState> LedgerWriter::StageStates() {
  return ReadStageStates(parts_->ledger);
}

uint64_t LedgerWriter::JournalOffset(const Fingerprint& stage) {
  const auto found = parts_->FindStage(stage);
  return found ? found->journal_offset : 0;
}

bool LedgerWriter::HasOpenAttempt(const Fingerprint& stage) {
  const auto found = parts_->FindStage(stage);
  return found && parts_->attempts.HasOpen(found->id);
}

void LedgerWriter::Forget(const Fingerprint& fingerprint) {
  Transaction transaction(parts_->ledger, Transaction::Kind::kWrite);
  const int64_t stage = parts_->RequireStage(fingerprint).id;
  for (const char* table : {"attempt", "point", "latest", "result", "item"}) {
    parts_->ledger.Prepare(fmt::format("DELETE FROM {} WHERE stage = ?", table)).Bind(stage).Run();
  }
  parts_->set_offset.Bind(0, stage).Run();
  parts_->set_progress.Bind(0, 0, stage).Run();
  parts_->attempts.SetState(stage, StageState::kPlanned, "");
  transaction.Commit();
}

}  // namespace upcycle
