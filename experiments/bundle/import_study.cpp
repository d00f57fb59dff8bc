#include "experiments/bundle/import_study.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>
#include <tuple>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/atomic_file.h"
#include "core/check.h"
#include "core/error.h"
#include "core/file_lock.h"
#include "core/recipe/recipe_file.h"
#include "experiments/bundle/stage_journal.h"
#include "experiments/bundle/study_events.h"
#include "experiments/bundle/unpacked.h"
#include "experiments/run/stage_folder.h"
#include "experiments/scheduling/stage_follower.h"
#include "results/ledger/ledger_writer.h"
#include "results/ledger/root_journal.h"

namespace upcycle {
namespace {

// What becomes of a stage of the bundle.
enum class Fate { kAdded, kContinued, kKept };

struct StagePlan {
  Fate fate = Fate::kKept;
  bool takes_output = false;
};

[[noreturn]] void Refuse(const std::string& why) {
  throw Error(Cause::kInput, why + "; nothing was changed");
}

// A launch is the same wherever it is written down, whatever number it has there.
auto IdentityOf(const LaunchStart& launch) {
  return std::tie(launch.study, launch.host, launch.pid, launch.time, launch.command_line);
}

void SyncFileSystem(const fs::path& path) {
  const FileDescriptor folder = OpenFile(path, O_RDONLY | O_DIRECTORY, "sync");
  if (::syncfs(folder.get()) != 0) throw SystemError("sync", path.native(), errno);
}

class Importer {
 public:
  Importer(const fs::path& root, const fs::path& bundle, const ImportOptions& options)
      : root_(root), bundle_(bundle, root) {
    if (!options.name.empty() && !std::regex_match(options.name, std::regex(kStudyNames))) {
      Refuse(
          fmt::format("a study cannot be called {:?}: expected {}", options.name, kStudyNamesForm));
    }
    study_ = options.name.empty() ? bundle_.manifest().study : options.name;
    bundle_.events().Rename(bundle_.manifest().study, study_);
    if (!fs::exists(Ledger())) return;
    LedgerWriter ledger(Ledger());
    { RootJournal up_to_date(root, ledger); }
    here_ = ReadStudyEvents(RootJournal::PathIn(root), study_);
    last_launch_ = ledger.LastLaunch();
  }

  ImportedStudy Import() {
    CheckHistory();
    NumberLaunches();
    for (const Fingerprint& stage : bundle_.begun()) plans_[stage] = Plan(stage);
    Prepare();
    LedgerWriter ledger(Ledger());
    RootJournal journal(root_, ledger);
    TakeLaunches(journal);
    TakeStages(ledger);
    TakeRecords(journal);
    for (const auto& [stage, plan] : plans_) {
      StageFollower(stage, StageFolder(root_, stage), ledger).Follow();
    }
    imported_.study = study_;
    return imported_;
  }

 private:
  fs::path Ledger() const { return root_ / "ledger.sqlite"; }

  // How many records both have; refuses where they part.
  void CheckHistory() {
    const auto& theirs = bundle_.events().history;
    const auto& ours = here_.history;
    shared_records_ = std::min(theirs.size(), ours.size());
    for (size_t i = 0; i < shared_records_; ++i) {
      if (FingerprintOf(theirs[i]) == FingerprintOf(ours[i])) continue;
      Refuse(
          fmt::format("there is another study \"{}\" here, of another recipe: give the bundle's "
                      "another name with --as",
                      study_));
    }
  }

  // Launches that are here keep their number, and others get the next ones.
  void NumberLaunches() {
    int64_t last = last_launch_;
    for (const auto& [number, launch] : bundle_.events().launches) {
      const auto same = std::ranges::find_if(here_.launches, [&](const auto& other) {
        return IdentityOf(other.second) == IdentityOf(launch);
      });
      numbers_[number] = same == here_.launches.end() ? ++last : same->first;
    }
  }

  StagePlan Plan(const Fingerprint& stage) {
    const StageFolder ours(root_, stage), theirs(bundle_.root(), stage);
    if (!fs::exists(ours.journal())) return {Fate::kAdded, HasOutputOf(stage)};
    if (FileLock::IsHeld(ours.lock())) {
      Refuse(fmt::format("a process is at {}: stop it first", ours.path().native()));
    }
    const StageJournal here = ReadStageJournal(ours.journal());
    StageJournal there = ReadStageJournal(theirs.journal());
    Renumber(numbers_, there);
    const std::string label = fmt::format("stage {} ({})", stage.Short(), RecordOf(stage).kind);
    if (const std::string differs = FindDisagreement(here, there); !differs.empty()) {
      Refuse(
          fmt::format("{} came to something else here: {}; the same stage gives the same bits, "
                      "so one of the two roots is damaged or of another program",
                      label, differs));
    }
    if (here.IsComplete()) return {Fate::kKept, HasOutputOf(stage) && LacksOutput(stage)};
    if (here.GoesOnFrom(there)) return {Fate::kKept, false};
    if (there.GoesOnFrom(here)) return {Fate::kContinued, HasOutputOf(stage)};
    if (!there.IsComplete()) return {Fate::kKept, false};
    Refuse(
        fmt::format("{} was begun here too and is not complete: complete it, or remove {} with "
                    "what it has got to, then import again",
                    label, ours.path().native()));
  }

  const StageRecord& RecordOf(const Fingerprint& stage) const { return bundle_.stages().at(stage); }
  std::optional<StageKind> OutputKindOf(const Fingerprint& stage) const {
    const auto kind = ValueNamed<StageKind>(RecordOf(stage).kind);
    return kind && HasOutput(*kind) ? kind : std::nullopt;
  }
  bool HasOutputOf(const Fingerprint& stage) const {
    const auto kind = OutputKindOf(stage);
    return kind && fs::exists(StageFolder(bundle_.root(), stage).output(*kind));
  }
  bool LacksOutput(const Fingerprint& stage) const {
    const auto kind = OutputKindOf(stage);
    return kind && !fs::exists(StageFolder(root_, stage).output(*kind));
  }

  // Makes the unpacked stages what they will be here, and durable: from then on they are moved.
  void Prepare() {
    const bool same = std::ranges::all_of(
        numbers_, [](const auto& number) { return number.first == number.second; });
    for (const auto& [stage, plan] : plans_) {
      if (plan.fate == Fate::kKept) continue;
      const StageFolder folder(bundle_.root(), stage);
      StageJournal journal = ReadStageJournal(folder.journal());
      if (const auto kind = OutputKindOf(stage);
          kind && journal.IsComplete() && !plan.takes_output) {
        const nlohmann::json note = {{"removed", folder.output(*kind).filename().native()},
                                     {"by", "import"}};
        WriteFileAtomically(folder.removal_note(), note.dump() + "\n");
      }
      if (same) continue;
      Renumber(numbers_, journal);
      fs::remove(folder.journal());
      WriteStageJournal(journal, folder.journal());
    }
    SyncFileSystem(bundle_.root());
  }

  void TakeLaunches(RootJournal& journal) {
    for (const auto& [number, launch] : bundle_.events().launches) {
      const int64_t here = numbers_.at(number);
      if (!here_.launches.contains(here)) {
        UPCYCLE_CHECK_EQ(journal.StartLaunch(launch), here);
        ++imported_.launches;
      }
      const auto end = bundle_.events().ends.find(number);
      if (end == bundle_.events().ends.end() || here_.ends.contains(here)) continue;
      LaunchEnd its_end = end->second;
      its_end.launch = here;
      journal.EndLaunch(its_end);
    }
  }

  void TakeStages(LedgerWriter& ledger) {
    MakeDirectories(root_ / "stages");
    const auto known = ledger.StageStates();
    for (const auto& [stage, plan] : plans_) {
      // What the ledger has of a journal is of another file than the one that takes its place.
      if (plan.fate != Fate::kKept && known.contains(stage)) ledger.Forget(stage);
      TakeStage(stage, plan);
      if (plan.fate == Fate::kAdded) ++imported_.added;
      if (plan.fate == Fate::kContinued) ++imported_.continued;
      if (plan.fate == Fate::kKept) ++imported_.kept;
      if (plan.takes_output) ++imported_.outputs;
    }
    SyncDirectory(root_ / "stages");
  }

  // Where there is a folder already the journal goes last: until then it is the stage of before.
  void TakeStage(const Fingerprint& stage, const StagePlan& plan) const {
    const StageFolder ours(root_, stage), theirs(bundle_.root(), stage);
    if (plan.fate != Fate::kKept && !fs::exists(ours.path())) {
      return Rename(theirs.path(), ours.path());
    }
    if (plan.takes_output) {
      const StageKind kind = *OutputKindOf(stage);
      if (!fs::exists(ours.output(kind))) Rename(theirs.output(kind), ours.output(kind));
    }
    if (plan.fate != Fate::kKept) {
      for (const auto file : {&StageFolder::removal_note, &StageFolder::log,
                              &StageFolder::description, &StageFolder::journal}) {
        if (fs::exists((theirs.*file)())) Rename((theirs.*file)(), (ours.*file)());
      }
    }
    if (plan.fate != Fate::kKept || plan.takes_output) SyncDirectory(ours.path());
  }

  // Holds are those of a study that was not here: one that is has its own.
  void TakeRecords(RootJournal& journal) {
    if (here_.history.empty()) {
      for (const HoldSet& hold : bundle_.events().holds) journal.SetHold(hold);
    }
    const auto& history = bundle_.events().history;
    for (size_t i = shared_records_; i < history.size(); ++i) {
      journal.RecordStudy(history[i]);
      ++imported_.records;
    }
  }

  fs::path root_;
  UnpackedBundle bundle_;
  std::string study_;  // its name here
  StudyEvents here_;
  int64_t last_launch_ = 0;  // its number here
  size_t shared_records_ = 0;
  LaunchNumbers numbers_;
  std::map<Fingerprint, StagePlan> plans_;
  ImportedStudy imported_;
};

}  // namespace

ImportedStudy ImportStudy(const fs::path& root, const fs::path& bundle,
                          const ImportOptions& options) {
  return Importer(root, bundle, options).Import();
}

}  // namespace upcycle
