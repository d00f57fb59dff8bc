// The root's own journal and the ledger, in step: what is decided for a whole root (its studies,
// launches, holds) is written down here first, so that the ledger can be made again from journals
// alone.
#pragma once

#include "core/journal.h"
#include "results/ledger/ledger_writer.h"
#include "results/ledger/root_events.h"

namespace upcycle {

class RootJournal {
 public:
  // Opens or creates ROOT/journal and gives the ledger what it lacks of it. A damaged one is set
  // aside under another name. Where the file is new, the studies that the ledger knows are written
  // into it. The caller holds the root's lock.
  RootJournal(const fs::path& root, LedgerWriter& ledger);

  // Where the journal of this root is.
  static fs::path PathIn(const fs::path& root) { return root / "journal"; }

  // Writes the study down, unless it is recorded just so.
  void RecordStudy(const StudyRecord& study);
  // The number that the launch was given.
  int64_t StartLaunch(LaunchStart launch);
  void EndLaunch(const LaunchEnd& launch);
  void SetHold(const HoldSet& hold);
  void LiftHold(const HoldLifted& hold);

 private:
  void Record(const nlohmann::json& event);
  bool CatchUp();  // whether there was anything to take over

  LedgerWriter& ledger_;
  fs::path path_;
  JournalReader reader_;
  JournalWriter writer_;
};

}  // namespace upcycle
