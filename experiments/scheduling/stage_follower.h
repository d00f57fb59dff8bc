// Takes a stage's journal over into the ledger while it grows.
#pragma once

#include <cstdint>
#include <optional>

#include "core/journal.h"
#include "experiments/run/stage_folder.h"
#include "results/ledger/journal_events.h"
#include "results/ledger/ledger_writer.h"

namespace upcycle {

// What a running stage has told so far.
struct StageProgress {
  int64_t step = 0;
  int64_t steps = 0;
  double loss = 0;
  double tokens_per_second = 0;
};

class StageFollower {
 public:
  // From where the ledger stands. Where the journal is shorter than that, it was moved away or lost
  // its end with its machine: the ledger then forgets the stage, and the worker writes all anew.
  StageFollower(const Fingerprint& stage, const StageFolder& folder, LedgerWriter& ledger);

  // From now on `begun` and `end` speak of the attempt to come; of the one under way, if it has
  // begun.
  void ExpectAttempt(bool begun) {
    begun_ = begun;
    end_.reset();
  }

  // Takes over what is new; false where nothing is.
  bool Follow();

  const StageProgress& progress() const { return progress_; }
  // Whether the attempt began by its own word.
  bool begun() const { return begun_; }
  // How it ended, by its own word.
  const std::optional<AttemptEnd>& end() const { return end_; }

 private:
  void Read(const JournalRecord& record);

  Fingerprint stage_;
  LedgerWriter* ledger_;
  JournalReader journal_;
  StageProgress progress_;
  bool begun_ = false;
  std::optional<AttemptEnd> end_;
};

}  // namespace upcycle
