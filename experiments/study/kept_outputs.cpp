#include "experiments/study/kept_outputs.h"

#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "experiments/run/stage_folder.h"

namespace upcycle {
namespace {

using Kept = std::map<Fingerprint, std::string>;

class KeeperOfStudy {
 public:
  KeeperOfStudy(LedgerReader& ledger, StudyFacts study, const KeepRules& rules, Kept& kept)
      : ledger_(ledger), study_(std::move(study)), rules_(rules), kept_(kept) {}

  void KeepByRules() {
    const bool all = rules_.contains(KeepRule::kAllModels);
    const std::string best = rules_.contains(KeepRule::kBest) ? BestArm() : "";
    const bool baseline = rules_.contains(KeepRule::kBaseline);
    for (const ArmFacts& arm : study_.arms) {
      for (const RunFacts& run : arm.runs) {
        if (!best.empty() && arm.name == best) KeepTrained(run, "best arm of " + study_.name);
        if (baseline && arm.name == study_.baseline) KeepTrained(run, "baseline of " + study_.name);
        if (all) KeepTrained(run, "all-models");
        KeepShared(run);
      }
    }
    if (rules_.contains(KeepRule::kLast)) KeepLast();
  }

  // From the last stages to the first: what is still to be done needs its inputs.
  void KeepWhatIsRead(const fs::path& root) {
    const StudyRecord record = ledger_.ReadStudyRecord(study_.name);
    std::map<Fingerprint, const StageRecord*> records;
    for (const StageRecord& stage : record.stages) records[stage.fingerprint] = &stage;
    for (const ArmRecord& arm : record.arms) {
      for (const RunRecord& run : arm.runs) KeepInputs(arm.name, run, records, root);
    }
  }

 private:
  void Keep(const Fingerprint& stage, const std::string& why) { kept_.try_emplace(stage, why); }

  // A run's places are in the order in which they read each other.
  void KeepInputs(const std::string& arm, const RunRecord& run,
                  const std::map<Fingerprint, const StageRecord*>& records, const fs::path& root) {
    for (auto stage = run.stages.rbegin(); stage != run.stages.rend(); ++stage) {
      const StageRecord& record = *records.at(stage->second);
      if (!IsToBeDone(record, root)) continue;
      for (const Fingerprint& input : record.inputs) {
        Keep(input, fmt::format("{}/{}/{} reads it", arm, run.seed, NameOf(stage->first)));
        needed_.insert(input);
      }
    }
  }

  void KeepPlace(const RunFacts& run, const StagePlace& place, const std::string& why) {
    if (const auto stage = run.StageOf(place)) Keep(study_.stages[*stage].fingerprint, why);
  }
  void KeepTrained(const RunFacts& run, const std::string& why) {
    KeepPlace(run, StageRole::kTrain, why);
  }

  void KeepShared(const RunFacts& run) {
    for (const auto& [place, stage] : run.stages) {
      const bool parent = place.role == StageRole::kParent || place.role == StageRole::kBranch;
      if (rules_.contains(KeepRule::kParents) && parent) KeepPlace(run, place, "parents");
      if (rules_.contains(KeepRule::kTokens) && place.role == StageRole::kTokens)
        KeepPlace(run, place, "tokens");
      if (rules_.contains(KeepRule::kStarts) && place.role == StageRole::kStart)
        KeepPlace(run, place, "starts");
    }
  }

  // By the mean of the metric over its complete runs; empty where there is none yet.
  std::string BestArm() {
    const std::vector<std::string> metrics = {study_.metric};
    ledger_.ReadValues(&study_, metrics);
    const double sign = study_.preference == Preference::kLower ? 1 : -1;
    std::string best;
    double best_mean = 0;
    for (const ArmFacts& arm : study_.arms) {
      double sum = 0, count = 0;
      for (const RunFacts& run : arm.runs) {
        const auto value = run.values.find(study_.metric);
        if (value == run.values.end() || !std::isfinite(value->second.value)) continue;
        sum += sign * value->second.value;
        ++count;
      }
      if (count == 0 || (!best.empty() && sum / count >= best_mean)) continue;
      best = arm.name;
      best_mean = sum / count;
    }
    return best;
  }

  void KeepLast() {
    const RunFacts* last = nullptr;
    double last_end = 0;
    for (const ArmFacts& arm : study_.arms) {
      for (const RunFacts& run : arm.runs) {
        const auto stage = run.StageOf(StageRole::kTrain);
        if (!stage || study_.stages[*stage].state != StageState::kComplete) continue;
        const auto attempts = ledger_.ReadAttempts(study_.stages[*stage].id);
        if (attempts.empty() || !attempts.back().end) continue;
        const double end = attempts.back().end->time.value_or(0);
        if (last != nullptr && end < last_end) continue;
        last = &run;
        last_end = end;
      }
    }
    if (last != nullptr) KeepTrained(*last, "last of " + study_.name);
  }

  bool IsToBeDone(const StageRecord& stage, const fs::path& root) {
    if (states_.empty()) states_ = ledger_.StageStates();
    const StageState state = states_.at(stage.fingerprint);
    if (state == StageState::kPruned) return false;  // early stopping ended it for good
    if (state != StageState::kComplete) return true;
    if (!needed_.contains(stage.fingerprint)) return false;
    const auto kind = ValueNamed<StageKind>(stage.kind);
    return kind && HasOutput(*kind) &&
           !fs::exists(StageFolder(root, stage.fingerprint).output(*kind));
  }

  LedgerReader& ledger_;
  StudyFacts study_;
  const KeepRules& rules_;
  Kept& kept_;
  std::map<Fingerprint, StageState> states_;
  std::set<Fingerprint> needed_;  // by what is to be done
};

}  // namespace

std::map<Fingerprint, std::string> KeptOutputs(LedgerReader& ledger, const KeepRules& rules,
                                               const fs::path& root) {
  Kept kept;
  for (const std::string& name : ledger.StudyNames()) {
    KeeperOfStudy keeper(ledger, ledger.ReadStudy(name), rules, kept);
    keeper.KeepByRules();
    keeper.KeepWhatIsRead(root);
  }
  return kept;
}

}  // namespace upcycle
