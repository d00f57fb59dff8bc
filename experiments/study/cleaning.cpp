#include "experiments/study/cleaning.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file_lock.h"

namespace upcycle {
namespace {

// Who has a stage.
struct Use {
  std::set<std::string> arms;
  std::string role;
};

std::map<Fingerprint, Use> UsesOfStages(const StudyFacts& study) {
  std::map<Fingerprint, Use> uses;
  for (const ArmFacts& arm : study.arms) {
    for (const RunFacts& run : arm.runs) {
      for (const auto& [place, stage] : run.stages) {
        Use& use = uses[study.stages[stage].fingerprint];
        use.arms.insert(arm.name);
        use.role = NameOf(place);
      }
    }
  }
  return uses;
}

std::string OwnerText(const Use& use) {
  return use.arms.size() == 1 ? *use.arms.begin() : fmt::format("{} arms", use.arms.size());
}

std::optional<Fingerprint> StageOf(const fs::path& folder) {
  try {
    return Fingerprint::FromHex(folder.filename().native());
  } catch (const Error&) {
    return std::nullopt;  // nothing of ours
  }
}

class Planner {
 public:
  Planner(LedgerReader& ledger, const fs::path& root, const CleaningOptions& options)
      : root_(root),
        options_(options),
        states_(ledger.StageStates()),
        kept_(KeptOutputs(ledger, options.keep, root)) {
    for (const std::string& name : ledger.StudyNames()) {
      const auto uses = UsesOfStages(ledger.ReadStudy(name));
      for (const auto& [stage, use] : uses) {
        Use& all = uses_[stage];
        all.arms.insert(use.arms.begin(), use.arms.end());
        all.role = use.role;
        if (options.study == name) chosen_.insert(stage);
      }
    }
  }

  CleaningPlan Plan() {
    const fs::path stages = root_ / "stages";
    if (!fs::exists(stages)) return {};
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(stages)) folders.push_back(entry.path());
    std::ranges::sort(folders);
    for (const fs::path& folder : folders) PlanFolder(folder);
    return std::move(plan_);
  }

 private:
  void PlanFolder(const fs::path& path) {
    const auto stage = StageOf(path);
    if (!stage || (options_.study && !chosen_.contains(*stage))) return;
    if (fs::is_symlink(path)) {
      plan_.notes.push_back(fmt::format("{} is a link, and is left alone", path.native()));
      return;
    }
    const StageFolder folder(path);
    if (FileLock::IsHeld(folder.lock())) {
      plan_.notes.push_back(fmt::format("a process is at {}, which is left alone", path.native()));
      return;
    }
    const auto use = uses_.find(*stage);
    for (StagePart& part : PartsOf(folder)) {
      StoredPart stored = {.stage = *stage, .part = std::move(part)};
      if (use == uses_.end()) {
        stored.goes = true;
        stored.why = "no study has the stage any more";
        plan_.orphans.push_back(std::move(stored));
        continue;
      }
      stored.owner = OwnerText(use->second);
      stored.role = use->second.role;
      Decide(stored);
      plan_.parts.push_back(std::move(stored));
    }
  }

  void Decide(StoredPart& stored) const {
    const auto known = states_.find(stored.stage);
    const StageState state = known == states_.end() ? StageState::kPlanned : known->second;
    const bool complete = state == StageState::kComplete;
    const auto kept = kept_.find(stored.stage);
    switch (stored.part.kind) {
      case PartKind::kLeftover:
        stored.goes = true;
        stored.why = "a killed process left it";
        return;
      case PartKind::kCheckpoints:
        stored.goes =
            complete || state == StageState::kPruned || (IsFailure(state) && !KeepsFailed());
        stored.why = stored.goes ? fmt::format("the training is {}", NameOf(state))
                                 : "the training goes on from it";
        return;
      case PartKind::kOutput:
        stored.goes = complete && kept == kept_.end();
        stored.why = stored.goes ? "nothing reads it any more"
                     : complete  ? kept->second
                                 : fmt::format("the stage is {}", NameOf(state));
        return;
    }
  }

  static bool IsFailure(StageState state) {
    return state == StageState::kFailed || state == StageState::kDiverged;
  }
  bool KeepsFailed() const { return options_.keep.contains(KeepRule::kFailed); }

  fs::path root_;
  const CleaningOptions& options_;
  std::map<Fingerprint, StageState> states_;
  std::map<Fingerprint, std::string> kept_;
  std::map<Fingerprint, Use> uses_;
  std::set<Fingerprint> chosen_;
  CleaningPlan plan_;
};

}  // namespace

CleaningPlan PlanCleaning(LedgerReader& ledger, const fs::path& root,
                          const CleaningOptions& options) {
  const Transaction snapshot = ledger.Snapshot();
  if (options.study) ledger.ReadStudy(*options.study);  // throws where there is none
  return Planner(ledger, root, options).Plan();
}

Cleaned RemoveParts(const std::vector<StoredPart>& parts, const fs::path& root) {
  Cleaned cleaned;
  for (const StoredPart& stored : parts) {
    if (!stored.goes) continue;
    const StageFolder folder(root, stored.stage);
    const auto lock = FileLock::TryAcquire(folder.lock());
    if (!lock) {
      cleaned.notes.push_back(
          fmt::format("a process is at {} now; it was left alone", folder.path().native()));
      continue;
    }
    RemovePart(folder, stored.part);
    cleaned.bytes += stored.part.bytes;
  }
  return cleaned;
}

}  // namespace upcycle
