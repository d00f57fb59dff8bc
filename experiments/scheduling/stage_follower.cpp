#include "experiments/scheduling/stage_follower.h"

#include <variant>
#include <vector>

namespace upcycle {
StageFollower::StageFollower(const Fingerprint& stage, const StageFolder& folder,
                             LedgerWriter& ledger)
    : stage_(stage), ledger_(&ledger), journal_(folder.journal()) {
  if (SizeOrZero(folder.journal()) < ledger.JournalOffset(stage)) ledger.Forget(stage);
  journal_.SkipTo(ledger.JournalOffset(stage));
}

bool StageFollower::Follow() {
  bool any = false;
  while (true) {
    const std::vector<JournalRecord> records = journal_.ReadNext();
    if (records.empty()) return any;
    ledger_->Ingest(stage_, records, journal_.offset());
    for (const JournalRecord& record : records) Read(record);
    any = true;
  }
}

void StageFollower::Read(const JournalRecord& record) {
  if (const auto* point = std::get_if<JournalPoint>(&record)) {
    if (point->metric == "train/loss") progress_.loss = point->value;
    if (point->metric == "system/tokens_per_second") progress_.tokens_per_second = point->value;
    return;
  }
  const StageEvent event = ParseStageEvent(std::get<JournalEvent>(record).json);
  if (const auto* progress = std::get_if<Progress>(&event)) {
    progress_.step = progress->step;
    progress_.steps = progress->steps;
  } else if (const auto* end = std::get_if<AttemptEnd>(&event)) {
    end_ = *end;
  } else if (std::holds_alternative<AttemptStart>(event)) {
    begun_ = true;
    end_.reset();
  }
}

}  // namespace upcycle
