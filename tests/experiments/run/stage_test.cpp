#include "experiments/run/stage.h"

#include <map>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using Identities = std::map<StageRole, Fingerprint>;

Identities IdentitiesOf(const RunSettings& settings, int64_t seed = 0,
                        const Fingerprint& content = Fingerprint(1, 2)) {
  Identities identities;
  for (const RunStage& stage : StagesOf(settings, seed, content)) {
    identities[stage.role] = stage.stage.Identity();
  }
  return identities;
}

RunSettings Upcycled() {
  RunSettings s;
  s.data.train = {{}};
  s.upcycle.method = UpcycleMethod::kCopy;
  return s;
}

TEST(StagesOf, ListsWhatEachKindOfRunConsistsOf) {
  using enum StageRole;
  RunSettings s = Upcycled();
  const auto roles = [&] {
    std::vector<StageRole> found;
    for (const RunStage& stage : StagesOf(s, 0, Fingerprint(1, 2))) found.push_back(stage.role);
    return found;
  };
  EXPECT_EQ(roles(), (std::vector{kTokens, kParent, kParentEvaluate, kStart, kTrain, kEvaluate}));
  s.upcycle.method = UpcycleMethod::kNone;
  EXPECT_EQ(roles(), (std::vector{kTokens, kParent, kParentEvaluate, kTrain, kEvaluate}));
  s.upcycle.method = UpcycleMethod::kScratch;
  EXPECT_EQ(roles(), (std::vector{kTokens, kTrain, kEvaluate}));
}

TEST(StagesOf, SharesTheParentAmongArmsAndSeeds) {
  RunSettings dense = Upcycled(), narrow = Upcycled();
  dense.upcycle.method = UpcycleMethod::kNone;
  narrow.moe.top_k = 1;
  const Fingerprint parent = IdentitiesOf(Upcycled(), 0).at(StageRole::kParent);
  EXPECT_EQ(IdentitiesOf(Upcycled(), 1).at(StageRole::kParent), parent);
  EXPECT_EQ(IdentitiesOf(dense, 2).at(StageRole::kParent), parent);
  EXPECT_EQ(IdentitiesOf(narrow, 3).at(StageRole::kParent), parent);
}

TEST(StagesOf, SharesTheStartAmongArmsThatDifferInTrainingAlone) {
  RunSettings roomy = Upcycled(), other_rate = Upcycled(), other_router = Upcycled();
  roomy.moe.capacity_factor = {2.0};
  roomy.moe.router.load_balance = 0.1;
  other_rate.train.learning_rate.peak = 5e-4;
  other_router.moe.router.init_std = 0.3;
  const Identities base = IdentitiesOf(Upcycled());
  for (const RunSettings& s : {roomy, other_rate}) {
    EXPECT_EQ(IdentitiesOf(s).at(StageRole::kStart), base.at(StageRole::kStart));
    EXPECT_NE(IdentitiesOf(s).at(StageRole::kTrain), base.at(StageRole::kTrain));
  }
  EXPECT_NE(IdentitiesOf(other_router).at(StageRole::kStart), base.at(StageRole::kStart));
}

TEST(StagesOf, DoNotDependOnWhatOnlyChangesSpeed) {
  RunSettings fast = Upcycled();
  fast.execution.threads = 7;
  fast.execution.device = "cpu";
  fast.train.log_every = 1;
  fast.train.validate_every = 3;
  fast.train.checkpoint_seconds = 1;
  fast.parent.train.log_every = 99;
  EXPECT_EQ(IdentitiesOf(fast), IdentitiesOf(Upcycled()));
}

TEST(StagesOf, DoNotDependOnSettingsThatTheRunDoesNotUse) {
  RunSettings dense = Upcycled();
  dense.upcycle.method = UpcycleMethod::kNone;
  RunSettings with_experts_named = dense;
  with_experts_named.moe.top_k = 4;
  EXPECT_EQ(IdentitiesOf(with_experts_named), IdentitiesOf(dense));
}

TEST(StagesOf, DependOnSeedContentAndEverythingThatDecidesTheResult) {
  const Identities base = IdentitiesOf(Upcycled());
  EXPECT_NE(IdentitiesOf(Upcycled(), 1).at(StageRole::kStart), base.at(StageRole::kStart));
  EXPECT_NE(IdentitiesOf(Upcycled(), 1).at(StageRole::kTrain), base.at(StageRole::kTrain));
  for (const auto& [role, identity] : IdentitiesOf(Upcycled(), 0, Fingerprint(1, 3))) {
    EXPECT_NE(identity, base.at(role)) << NameOf(role);
  }
  RunSettings longer = Upcycled();
  longer.parent.train.tokens *= 2;
  EXPECT_NE(IdentitiesOf(longer).at(StageRole::kEvaluate), base.at(StageRole::kEvaluate));
}

TEST(StagesOf, CountTheParentsLastRateOnlyWhereTheScheduleContinuesIt) {
  RunSettings s = Upcycled();
  EXPECT_EQ(StagesOf(s, 0, Fingerprint(1, 2)).at(4).stage.settings.contains("parent_rate"), false);
  s.train.learning_rate.start = ScheduleStart::kContinue;
  s.parent.train.learning_rate.minimum = 2e-4;
  const Stage train = StagesOf(s, 0, Fingerprint(1, 2)).at(4).stage;
  EXPECT_NEAR(ReadTrainOrder(train).parent_rate, 2e-4, 1e-12);
}

TEST(Stage, ComesBackFromJsonAsItWas) {
  for (const RunStage& planned : StagesOf(Upcycled(), 5, Fingerprint(1, 2))) {
    const Stage read = Stage::FromJson(nlohmann::json::parse(planned.stage.ToJson().dump()));
    EXPECT_EQ(read.Identity(), planned.stage.Identity()) << NameOf(planned.role);
    EXPECT_EQ(read.execution, planned.stage.execution);
  }
}

}  // namespace
}  // namespace upcycle
