#include "experiments/study/explanation.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/file_lock.h"
#include "experiments/run/stage_folder.h"
#include "results/ledger/root_journal.h"
#include "results/ledger/study_history.h"

namespace upcycle {
namespace {

using nlohmann::json;

// What a fingerprint has of files outside: other bytes, another number.
constexpr char kContent[] = "content";

// Runs of one arm have such a stage to themselves.
bool IsOwn(const StagePlace& place) { return place.role >= StageRole::kStart; }

bool WasBegun(StageState state) {
  return state != StageState::kPlanned && state != StageState::kWaiting;
}

using Stages = std::map<StagePlace, Fingerprint>;

// A run as it was recorded once.
struct PastRun {
  const StudyRecord* study = nullptr;
  const ArmRecord* arm = nullptr;
  const RunRecord* run = nullptr;
};

class Explainer {
 public:
  Explainer(const StudyRecord& study, LedgerReader* ledger, const fs::path& root)
      : study_(study), ledger_(ledger), root_(root) {
    if (ledger_ != nullptr) {
      states_ = ledger_->StageStates();
      holds_ = ledger_->ReadHolds();
      std::vector<Fingerprint> names;
      for (const StageRecord& stage : study.stages) names.push_back(stage.fingerprint);
      facts_ = ledger_->FindStages(names);
    }
    for (const StageRecord& stage : study.stages) records_[stage.fingerprint] = &stage;
    for (const ArmRecord& arm : study.arms) {
      for (const RunRecord& run : arm.runs) {
        for (const auto& [place, stage] : run.stages) ++runs_[stage];
      }
    }
    plan_ = PlanStages(study, states_, root);
  }

  RunExplanation Explain(const ArmRecord& arm, const RunRecord& run) {
    RunExplanation explanation = {.arm = arm.name, .seed = run.seed, .hold = HoldOf(arm, run)};
    for (const auto& [place, stage] : run.stages) {
      explanation.stages.push_back(ExplainStage(place, stage, arm, run));
    }
    return explanation;
  }

 private:
  std::optional<HoldSet> HoldOf(const ArmRecord& arm, const RunRecord& run) const {
    for (const HoldSet& hold : holds_) {
      if (hold.scope.study == study_.name && hold.scope.Covers(arm.name, run.seed)) return hold;
    }
    return std::nullopt;
  }

  StageExplanation ExplainStage(const StagePlace& place, const Fingerprint& stage,
                                const ArmRecord& arm, const RunRecord& run) {
    StageExplanation explanation = {
        .place = place, .stage = stage, .plan = plan_.at(stage), .runs = runs_.at(stage)};
    const std::vector<Fingerprint>& inputs = records_.at(stage)->inputs;
    for (const auto& [other, input] : run.stages) {
      if (std::ranges::find(inputs, input) == inputs.end()) continue;
      explanation.inputs.push_back(other);
      if (plan_.at(input).needed) explanation.waits_for.push_back(other);
    }
    explanation.facts.fingerprint = stage;
    explanation.facts.kind = records_.at(stage)->kind;
    if (const auto facts = facts_.find(stage); facts != facts_.end()) {
      explanation.facts = facts->second;
      explanation.attempts = ledger_->ReadAttempts(facts->second.id);
    }
    explanation.is_running =
        explanation.plan.needed && FileLock::IsHeld(StageFolder(root_, stage).lock());
    const bool is_new = explanation.plan.needed && !WasBegun(explanation.facts.state);
    if (is_new && ledger_ != nullptr) Compare(explanation, arm, run);
    return explanation;
  }

  void Compare(StageExplanation& explanation, const ArmRecord& arm, const RunRecord& run) {
    const std::optional<PastRun> past = FindEarlier(explanation, arm, run);
    if (!past) return;
    const Fingerprint& earlier = past->run->stages.at(explanation.place);
    explanation.earlier = {.study = past->study->name,
                           .arm = past->arm->name,
                           .seed = past->run->seed,
                           .stage = earlier,
                           .state = states_.at(earlier)};
    std::set<StagePlace> seen;
    AddDifferences(explanation.place, *past, arm, run.stages, seen, explanation.differences);
  }

  // A run that had another stage in this place, which was begun: of this arm and seed where the
  // stage is a run's own, else preferably; the newest of the likest.
  std::optional<PastRun> FindEarlier(const StageExplanation& explanation, const ArmRecord& arm,
                                     const RunRecord& run) {
    if (!past_) ReadPast();
    // Each recording of a large study has all its runs: those of one arm and seed are few.
    const bool own = IsOwn(explanation.place);
    const auto remembered = std::pair(explanation.stage, arm.name);
    if (const auto known = shared_.find(remembered); !own && known != shared_.end()) {
      return known->second;
    }
    std::optional<PastRun> found;
    std::tuple<bool, bool, bool, bool> best;
    for (const PastRun& past : own ? past_of_run_[{arm.name, run.seed}] : *past_) {
      const auto stage = past.run->stages.find(explanation.place);
      if (stage == past.run->stages.end() || stage->second == explanation.stage) continue;
      const auto state = states_.find(stage->second);
      if (state == states_.end() || !WasBegun(state->second)) continue;
      const bool same_run = past.arm->name == arm.name && past.run->seed == run.seed;
      const std::tuple likeness(past.study->name == study_.name, past.arm->name == arm.name,
                                state->second == StageState::kComplete, same_run);
      if (found && likeness < best) continue;
      found = past;
      best = likeness;
    }
    if (!own) shared_[remembered] = found;
    return found;
  }

  void ReadPast() {
    history_ = ReadStudyHistory(*ledger_, RootJournal::PathIn(root_));
    past_.emplace();
    for (const StudyRecord& study : history_) {
      for (const ArmRecord& arm : study.arms) {
        for (const RunRecord& run : arm.runs) {
          past_->push_back({&study, &arm, &run});
          past_of_run_[{arm.name, run.seed}].push_back(past_->back());
        }
      }
    }
  }

  // Of the stage in this place and of what it reads, the farthest first.
  void AddDifferences(const StagePlace& place, const PastRun& past, const ArmRecord& arm,
                      const Stages& now, std::set<StagePlace>& seen,
                      std::vector<StageDifference>& differences) {
    const auto is = now.find(place);
    const auto was = past.run->stages.find(place);
    if (is == now.end() || was == past.run->stages.end()) return;
    if (is->second == was->second || !seen.insert(place).second) return;
    const std::vector<Fingerprint>& inputs = records_.at(is->second)->inputs;
    bool inputs_differ = false;
    for (const auto& [other, input] : now) {
      if (std::ranges::find(inputs, input) == inputs.end()) continue;
      const auto before = past.run->stages.find(other);
      inputs_differ = inputs_differ || before == past.run->stages.end() || before->second != input;
      AddDifferences(other, past, arm, now, seen, differences);
    }
    StageDifference difference = {.place = place};
    difference.settings = ChangesBetween(EarlierSettings(was->second),
                                         json::parse(records_.at(is->second)->settings));
    difference.of_content = std::erase_if(difference.settings, [](const SettingChange& change) {
                              return change.path == kContent;
                            }) > 0;
    if (difference.of_content && place.role == StageRole::kTokens) {
      difference.settings = ChangesOfData(*past.arm, arm);
    }
    const bool same = difference.settings.empty() && !difference.of_content;
    difference.of_program = same && !inputs_differ;
    if (!same || difference.of_program) differences.push_back(std::move(difference));
  }

  json EarlierSettings(const Fingerprint& stage) {
    const auto facts = ledger_->FindStage(stage);
    return facts ? json::parse(ledger_->ReadStageSettings(facts->id)) : json::object();
  }

  // What recipes say of data is in no stage's settings: there its content stands for it.
  static std::vector<SettingChange> ChangesOfData(const ArmRecord& was, const ArmRecord& is) {
    const auto data_of = [](const ArmRecord& arm) {
      const json settings = json::parse(arm.settings);
      return json{{"data", settings.value("data", json::object())}};
    };
    return ChangesBetween(data_of(was), data_of(is));
  }

  const StudyRecord& study_;
  LedgerReader* ledger_;
  fs::path root_;
  std::map<Fingerprint, StageState> states_;
  std::map<Fingerprint, StageFacts> facts_;
  std::vector<HoldSet> holds_;
  std::map<Fingerprint, const StageRecord*> records_;
  std::map<Fingerprint, int64_t> runs_;  // that have a stage
  std::map<Fingerprint, StagePlan> plan_;
  std::vector<StudyRecord> history_;
  std::optional<std::vector<PastRun>> past_;  // read once it is needed
  std::map<std::pair<std::string, int64_t>, std::vector<PastRun>> past_of_run_;  // by arm and seed
  // What was found for stages that runs share, by the arm that asks.
  std::map<std::pair<Fingerprint, std::string>, std::optional<PastRun>> shared_;
};

}  // namespace

bool RunExplanation::NeedsNothing() const {
  return std::ranges::none_of(stages, [](const auto& stage) { return stage.plan.needed; });
}

bool RunExplanation::IsComplete() const {
  return std::ranges::all_of(stages, [](const auto& stage) {
    return !stage.plan.needed && stage.facts.state == StageState::kComplete;
  });
}

std::vector<RunExplanation> ExplainRuns(
    const StudyRecord& study,
    const std::function<bool(const std::string& arm, int64_t seed)>& is_chosen,
    LedgerReader* ledger, const fs::path& root) {
  Explainer explainer(study, ledger, root);
  std::vector<RunExplanation> runs;
  for (const ArmRecord& arm : study.arms) {
    for (const RunRecord& run : arm.runs) {
      if (is_chosen(arm.name, run.seed)) runs.push_back(explainer.Explain(arm, run));
    }
  }
  return runs;
}

}  // namespace upcycle
