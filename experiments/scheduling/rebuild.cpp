#include "experiments/scheduling/rebuild.h"

#include <algorithm>
#include <set>

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

// What only the old ledger knows: studies, and which stages were complete.
std::set<Fingerprint> TakeFromOldLedger(const fs::path& old_ledger, RootJournal& journal,
                                        LedgerReader& made, Rebuilt& rebuilt) {
  std::set<Fingerprint> complete;
  const std::vector<std::string> known = made.StudyNames();
  try {
    if (!fs::exists(old_ledger)) return {};
    { OpenLedgerForWriting(old_ledger); }  // brings an older one up to date
    LedgerReader reader(old_ledger);
    for (const std::string& name : reader.StudyNames()) {
      for (const StageFacts& stage : reader.ReadStudy(name).stages) {
        if (stage.state == StageState::kComplete) complete.insert(stage.fingerprint);
      }
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      journal.RecordStudy(reader.ReadStudyRecord(name));
    }
  } catch (const Error& error) {
    rebuilt.problems.push_back(
        fmt::format("the old ledger could not be read, so that studies older than the root's "
                    "journal may be missing until their recipe is run again: {}",
                    error.what()));
  }
  return complete;
}

void TakeStage(const StageFolder& folder, const Fingerprint& stage, bool was_complete,
               LedgerWriter& ledger, Rebuilt& rebuilt) {
  if (!fs::exists(folder.journal())) {
    if (!was_complete) return;
    rebuilt.problems.push_back(fmt::format(
        "{} is gone, of a stage that was complete: it counts as never done, and the next run of "
        "its study does it; what it recorded is in the old ledger alone",
        folder.journal().native()));
    return;
  }
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

void RequireSomethingToRebuild(const fs::path& root) {
  if (fs::exists(root / "ledger.sqlite") || fs::exists(RootJournal::PathIn(root))) return;
  throw Error(Cause::kInput, fmt::format("there is nothing to make a ledger of under {}: neither "
                                         "a journal nor a ledger; name its folder with --root",
                                         root.native()));
}

Rebuilt RebuildLedger(const fs::path& root) {
  RequireSomethingToRebuild(root);
  const fs::path target = root / "ledger.sqlite";
  Rebuilt rebuilt;
  UnfinishedLedger unfinished(target);
  {
    LedgerWriter ledger(unfinished.path());
    RootJournal journal(root, ledger);
    LedgerReader made(unfinished.path());
    const auto complete = TakeFromOldLedger(target, journal, made, rebuilt);
    rebuilt.studies = static_cast<int64_t>(made.StudyNames().size());
    for (const auto& [stage, state] : ledger.StageStates()) {
      TakeStage(StageFolder(root, stage), stage, complete.contains(stage), ledger, rebuilt);
    }
  }
  rebuilt.old_ledger = unfinished.PutInPlace();
  return rebuilt;
}

}  // namespace upcycle
