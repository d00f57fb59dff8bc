#include "results/ledger/root_journal.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/temporary_name.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/study_json.h"

namespace upcycle {
namespace {

// The path itself, behind which no damaged journal lies any more.
fs::path UndamagedJournal(const fs::path& path) {
  try {
    JournalReader journal(path);
    while (!journal.ReadNext().empty()) continue;
    return path;
  } catch (const Error& error) {
    if (error.cause() != Cause::kInput) throw;
  }
  Rename(path, NumberedName(path, "damaged"));
  return path;
}

}  // namespace

RootJournal::RootJournal(const fs::path& root, LedgerWriter& ledger)
    : ledger_(ledger), path_(UndamagedJournal(PathIn(root))), reader_(path_), writer_(path_) {
  // A journal that is shorter than what was taken over began anew: all of it counts.
  const uint64_t taken = ledger.RootOffset();
  const bool goes_on = taken > 0 && fs::file_size(path_) >= taken;
  if (goes_on) reader_.SkipTo(taken);
  if (CatchUp() || goes_on) return;
  LedgerReader known(ledger.path());
  for (const std::string& name : known.StudyNames()) {
    Record(EventOf(StudyRecorded{known.ReadStudyRecord(name)}));
  }
}

void RootJournal::RecordStudy(const StudyRecord& study) {
  if (ledger_.HasStudy(study)) return;
  Record(EventOf(StudyRecorded{study}));
}

int64_t RootJournal::StartLaunch(LaunchStart launch) {
  launch.launch = ledger_.LastLaunch() + 1;
  Record(EventOf(launch));
  return launch.launch;
}

void RootJournal::EndLaunch(const LaunchEnd& launch) { Record(EventOf(launch)); }

void RootJournal::SetHold(const HoldSet& hold) { Record(EventOf(hold)); }

void RootJournal::LiftHold(const HoldLifted& hold) { Record(EventOf(hold)); }

void RootJournal::Record(const nlohmann::json& event) {
  writer_.Event(event);
  writer_.Sync();
  CatchUp();
}

bool RootJournal::CatchUp() {
  bool any = false;
  while (true) {
    const std::vector<JournalRecord> records = reader_.ReadNext();
    if (records.empty()) return any;
    ledger_.IngestRoot(records, reader_.offset());
    any = true;
  }
}

}  // namespace upcycle
