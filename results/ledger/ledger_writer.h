// The ledger's only writer: the scheduler's hand. Every call is one transaction: after a kill at
// any moment the ledger holds all of it or nothing.
//
// A stage's attempts, points, results and progress come from its journal alone, through Ingest;
// studies, launches and holds from the root's (results/ledger/root_journal.h), through IngestRoot.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/fingerprint.h"
#include "core/journal.h"
#include "results/ledger/database.h"
#include "results/ledger/journal_events.h"
#include "results/ledger/records.h"

namespace upcycle {

struct StageChange {
  Fingerprint stage;
  StageState state = StageState::kPlanned;
  std::string reason;  // why it waits or failed; empty where nothing is to be said
};

class LedgerWriter {
 public:
  // As OpenLedgerForWriting (results/ledger/ledger.h).
  explicit LedgerWriter(const fs::path& path);
  ~LedgerWriter();
  LedgerWriter(LedgerWriter&&) noexcept;
  LedgerWriter& operator=(LedgerWriter&&) noexcept;

  // Writes the study, or brings an earlier record of it up to date. Arms and runs that left the
  // recipe are marked absent, and their results stay. A stage that the ledger knows already keeps
  // its state; a new one is planned. `study.stages` may leave out stages the ledger knows.
  void RecordStudy(const StudyRecord& study);
  // Whether the study is recorded just so.
  bool HasStudy(const StudyRecord& study);

  void SetStageState(const Fingerprint& stage, StageState state, std::string_view reason = "");
  void SetStageStates(std::span<const StageChange> changes);

  // Takes over the records of the stage's journal up to `journal_offset`, and that offset with
  // them. Points and results replace earlier ones of the same metric and step, so a resumed run may
  // record its steps again. False, and nothing is changed, if the ledger is that far already.
  bool Ingest(const Fingerprint& stage, std::span<const JournalRecord> records,
              uint64_t journal_offset);

  // The same of the root's own journal. Taken over twice, it leaves what it left once.
  void IngestRoot(std::span<const JournalRecord> records, uint64_t journal_offset);
  uint64_t RootOffset();
  int64_t LastLaunch();  // its number; 0: none yet

  const fs::path& path() const;

  // Of every stage that the ledger knows.
  std::map<Fingerprint, StageState> StageStates();

  // Whether the stage's last attempt began and did not say how it ended.
  bool HasOpenAttempt(const Fingerprint& stage);

  // Up to where the stage's journal was taken over; 0 for a stage that the ledger does not know.
  uint64_t JournalOffset(const Fingerprint& stage);

  // Forgets all that came from the stage's journal, for a stage whose folder was removed or that is
  // to be done again; it is planned again.
  void Forget(const Fingerprint& stage);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace upcycle
