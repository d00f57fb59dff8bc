#include "tests/results/fixture.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"

namespace upcycle {

Fingerprint StageFor(StageRole role, std::string_view arm, int64_t seed) {
  Hasher hasher;
  hasher.Add(NameOf(role));
  if (role != StageRole::kTokens && role != StageRole::kParent &&
      role != StageRole::kParentEvaluate) {
    hasher.Add(arm).Add(static_cast<uint64_t>(seed));
  }
  return hasher.Finish();
}

StudyRecord StudyOf(const std::vector<std::string>& arms, const std::vector<int64_t>& seeds) {
  StudyRecord study;
  study.name = "study";
  study.metric = "validation/loss";
  study.baseline = arms.front();
  const Fingerprint tokens = StageFor(StageRole::kTokens);
  const Fingerprint parent = StageFor(StageRole::kParent);
  study.stages = {{tokens, "tokens", "{}", {}}, {parent, "parent", "{}", {tokens}}};
  for (const std::string& name : arms) {
    ArmRecord arm;
    arm.name = name;
    for (const int64_t seed : seeds) {
      const Fingerprint train = StageFor(StageRole::kTrain, name, seed);
      const Fingerprint evaluate = StageFor(StageRole::kEvaluate, name, seed);
      study.stages.push_back({train, "train", "{}", {parent, tokens}});
      study.stages.push_back({evaluate, "evaluate", "{}", {train, tokens}});
      arm.runs.push_back({seed,
                          {{StageRole::kTokens, tokens},
                           {StageRole::kParent, parent},
                           {StageRole::kTrain, train},
                           {StageRole::kEvaluate, evaluate}}});
    }
    study.arms.push_back(std::move(arm));
  }
  return study;
}

JournalRecord Point(std::string metric, int64_t step, double value) {
  return JournalPoint{std::move(metric), step, value};
}

JournalRecord Event(std::string json) { return JournalEvent{std::move(json)}; }

JournalRecord Event(const AttemptStart& start) { return Event(EventOf(start).dump()); }
JournalRecord Event(const AttemptEnd& end) { return Event(EventOf(end).dump()); }
JournalRecord Event(const AttemptJudgement& judgement) { return Event(EventOf(judgement).dump()); }

JournalRecord ResultEvent(std::string_view metric, double value) {
  return Event(fmt::format(R"({{"event": "result", "metric": "{}", "value": {}}})", metric, value));
}

void IngestNext(LedgerWriter& ledger, const Fingerprint& stage,
                const std::vector<JournalRecord>& records) {
  UPCYCLE_CHECK(ledger.Ingest(stage, records, ledger.JournalOffset(stage) + 1));
}

void CompleteRun(LedgerWriter& ledger, std::string_view arm, int64_t seed,
                 const std::vector<JournalRecord>& train,
                 const std::vector<JournalRecord>& evaluation) {
  for (const auto& [role, records] :
       {std::pair(StageRole::kTrain, train), std::pair(StageRole::kEvaluate, evaluation)}) {
    const Fingerprint stage = StageFor(role, arm, seed);
    if (!records.empty()) IngestNext(ledger, stage, records);
    ledger.SetStageState(stage, StageState::kComplete);
  }
}

}  // namespace upcycle
