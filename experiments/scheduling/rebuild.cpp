#include "experiments/scheduling/rebuild.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/journal.h"
#include "experiments/run/stage_folder.h"
#include "results/ledger/ledger.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/ledger_writer.h"
#include "results/ledger/root_journal.h"
#include "results/ledger/unfinished_ledger.h"

namespace upcycle {
namespace {

// What only the old ledger knows.
void TakeOlderStudies(const fs::path& old_ledger, RootJournal& journal, LedgerReader& made,
                      Rebuilt& rebuilt) {
  const std::vector<std::string> known = made.StudyNames();
  try {
    if (!fs::exists(old_ledger)) return;
    { OpenLedgerForWriting(old_ledger); }  // brings an older one up to date
    LedgerReader reader(old_ledger);
    for (const std::string& name : reader.StudyNames()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      journal.RecordStudy(reader.ReadStudyRecord(name));
    }
  } catch (const Error& error) {
    rebuilt.problems.push_back(
        fmt::format("the old ledger could not be read, so that studies older than the root's "
                    "journal may be missing until their recipe is run again: {}",
                    error.what()));
  }
}

void TakeStage(const fs::path& root, const Fingerprint& stage, LedgerWriter& ledger,
               Rebuilt& rebuilt) {
  const StageFolder folder(root, stage);
  if (!fs::exists(folder.journal())) return;
  try {
    JournalReader journal(folder.journal());
    for (auto records = journal.ReadNext(); !records.empty(); records = journal.ReadNext()) {
      ledger.Ingest(stage, records, journal.offset());
    }
    ++rebuilt.stages;
  } catch (const Error& error) {
    if (error.cause() != Cause::kInput) throw;
    ledger.Forget(stage);
    rebuilt.problems.push_back(fmt::format(
        "{}; the stage counts as never done, and the next run of its study does it", error.what()));
  }
}

}  // namespace

Rebuilt RebuildLedger(const fs::path& root) {
  const fs::path target = root / "ledger.sqlite";
  if (!fs::exists(target) && !fs::exists(RootJournal::PathIn(root))) {
    throw Error(Cause::kInput, fmt::format("there is nothing to make a ledger of under {}: neither "
                                           "a journal nor a ledger; name its folder with --root",
                                           root.native()));
  }
  Rebuilt rebuilt;
  UnfinishedLedger unfinished(target);
  {
    LedgerWriter ledger(unfinished.path());
    RootJournal journal(root, ledger);
    LedgerReader made(unfinished.path());
    TakeOlderStudies(target, journal, made, rebuilt);
    rebuilt.studies = static_cast<int64_t>(made.StudyNames().size());
    for (const auto& [stage, state] : ledger.StageStates()) {
      TakeStage(root, stage, ledger, rebuilt);
    }
  }
  rebuilt.old_ledger = unfinished.PutInPlace();
  return rebuilt;
}

}  // namespace upcycle
