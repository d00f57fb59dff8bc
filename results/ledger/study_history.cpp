#include "results/ledger/study_history.h"

#include <variant>

#include "core/error.h"
#include "core/journal.h"
#include "results/ledger/root_events.h"

namespace upcycle {
namespace {

void AddRecorded(const JournalRecord& record, std::vector<StudyRecord>& history) {
  const auto* event = std::get_if<JournalEvent>(&record);
  if (event == nullptr) return;
  RootEvent parsed = ParseRootEvent(event->json);
  auto* recorded = std::get_if<StudyRecorded>(&parsed);
  if (recorded == nullptr) return;
  StudyRecord& study = recorded->study;
  study.recipe = "{}";
  for (StageRecord& stage : study.stages) stage.settings.clear();
  history.push_back(std::move(study));
}

}  // namespace

std::vector<StudyRecord> ReadStudyHistory(LedgerReader& ledger, const fs::path& root_journal) {
  std::vector<StudyRecord> history;
  try {
    JournalReader journal(root_journal);
    for (auto records = journal.ReadNext(); !records.empty(); records = journal.ReadNext()) {
      for (const JournalRecord& record : records) AddRecorded(record, history);
    }
  } catch (const Error& error) {
    // The next run sets a damaged journal aside; until then the ledger says what it knows.
    if (error.cause() != Cause::kInput) throw;
  }
  for (const std::string& name : ledger.StudyNames()) {
    StudyRecord study = ledger.ReadStudyRecord(name);
    study.recipe = "{}";
    for (StageRecord& stage : study.stages) stage.settings.clear();
    history.push_back(std::move(study));
  }
  return history;
}

}  // namespace upcycle
