#include "experiments/run/stage.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "experiments/run/benchmark_order.h"
#include "experiments/run/text_order.h"

namespace upcycle {
namespace {

using Identities = std::map<StagePlace, Fingerprint>;

Identities IdentitiesOf(const RunSettings& settings, int64_t seed = 0,
                        const Fingerprint& content = Fingerprint(1, 2)) {
  Identities identities;
  for (const RunStage& stage : StagesOf(settings, seed, {content, {}})) {
    identities[stage.place] = stage.stage.Identity();
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
    for (const RunStage& stage : StagesOf(s, 0, {Fingerprint(1, 2), {}}))
      found.push_back(stage.place.role);
    return found;
  };
  EXPECT_EQ(roles(), (std::vector{kTokens, kParent, kParentEvaluate, kStart, kTrain, kEvaluate}));
  s.upcycle.method = UpcycleMethod::kNone;
  EXPECT_EQ(roles(), (std::vector{kTokens, kParent, kParentEvaluate, kTrain, kEvaluate}));
  s.upcycle.method = UpcycleMethod::kScratch;
  EXPECT_EQ(roles(), (std::vector{kTokens, kTrain, kEvaluate}));
}

RunSettings Mixed() {
  RunSettings s = Upcycled();
  s.data.train = {{}, {}};
  s.data.train[0].name = "one";
  s.data.train[1].name = "other";
  s.upcycle.method = UpcycleMethod::kBranchTrainMix;
  s.upcycle.branches = 3;
  s.upcycle.branch_tokens = 1 << 16;
  return s;
}

TEST(StagesOf, TrainsBranchesOfTheParentOnOneSourceEach) {
  const std::vector<RunStage> stages = StagesOf(Mixed(), 0, {Fingerprint(1, 2), {}});
  const Identities identities = IdentitiesOf(Mixed());
  ASSERT_EQ(stages.size(), 9u);
  std::set<uint64_t> seeds;
  for (int64_t branch : {0, 1, 2}) {
    const RunStage& stage = stages[static_cast<size_t>(3 + branch)];
    EXPECT_EQ(stage.place, StagePlace(StageRole::kBranch, branch));
    EXPECT_EQ(stage.stage.inputs,
              (std::vector{identities.at(StageRole::kTokens), identities.at(StageRole::kParent)}));
    EXPECT_EQ(stage.stage.settings.at("blend"),
              (nlohmann::json{{branch == 1 ? "other" : "one", 1.0}}));
    const TrainOrder order = ReadTrainOrder(stage.stage);
    EXPECT_EQ(order.train.tokens, 1 << 16);
    EXPECT_FALSE(order.architecture.has_experts);
    seeds.insert(order.seed);
  }
  EXPECT_EQ(seeds.size(), 3u);
  EXPECT_EQ(
      stages[6].stage.inputs,
      (std::vector{identities.at(StageRole::kTokens), identities.at(StageRole::kParent),
                   identities.at({StageRole::kBranch, 0}), identities.at({StageRole::kBranch, 1}),
                   identities.at({StageRole::kBranch, 2})}));
}

TEST(StagesOf, SharesBranchesAmongSeeds) {
  const Identities one = IdentitiesOf(Mixed(), 1), other = IdentitiesOf(Mixed(), 2);
  for (int64_t branch : {0, 1, 2}) {
    EXPECT_EQ(one.at({StageRole::kBranch, branch}), other.at({StageRole::kBranch, branch}));
  }
  RunSettings other_parent = Mixed();
  other_parent.parent.seed = 1;
  EXPECT_NE(IdentitiesOf(other_parent).at({StageRole::kBranch, 0}),
            one.at({StageRole::kBranch, 0}));
}

// What a stage was called before there were branches, ratios and noise.
TEST(StagesOf, KeepTheIdentitiesThatTheyHadBeforeSettingsWereAdded) {
  RunSettings s = Upcycled();
  s.upcycle.scaling = WeightScaling::kPaper;
  const std::vector<RunStage> stages = StagesOf(s, 0, {Fingerprint(1, 2), {}});
  EXPECT_EQ(stages.at(3).stage.settings.at("upcycle"),
            (nlohmann::json{{"method", "copy"}, {"scaling", "paper"}}));
}

TEST(StagesOf, CarryTheParentsOptimizerIntoTheTrainingAlone) {
  RunSettings reset = Upcycled();
  reset.parent.keep_optimizer = true;
  RunSettings carry = reset;
  carry.upcycle.optimizer = OptimizerStart::kCarry;
  carry.parent.train.tokens = reset.parent.train.tokens = 10 * 2048;
  const Identities a = IdentitiesOf(reset), b = IdentitiesOf(carry);
  EXPECT_EQ(a.at(StageRole::kParent), b.at(StageRole::kParent));
  EXPECT_EQ(a.at(StageRole::kStart), b.at(StageRole::kStart));
  EXPECT_NE(a.at(StageRole::kTrain), b.at(StageRole::kTrain));
  const std::vector<RunStage> stages = StagesOf(carry, 0, {Fingerprint(1, 2), {}});
  EXPECT_TRUE(ReadTrainOrder(stages.at(1).stage).keep_optimizer);
  EXPECT_FALSE(ReadTrainOrder(stages.at(4).stage).keep_optimizer);
  EXPECT_EQ(ReadTrainOrder(stages.at(4).stage).carried_steps, 10);
  EXPECT_EQ(ReadTrainOrder(StagesOf(reset, 0, {Fingerprint(1, 2), {}}).at(4).stage).carried_steps,
            0);
  EXPECT_NE(IdentitiesOf(Upcycled()).at(StageRole::kParent), a.at(StageRole::kParent));
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

TEST(StagesOf, SharesTheStartAmongCapacitiesUnlessExpertsChoose) {
  const auto start_of = [](RouterChoice choice, double factor, double jitter) {
    RunSettings s = Upcycled();
    s.moe.router.choice = choice;
    s.moe.router.jitter = jitter;
    s.moe.capacity_factor = {factor};
    return IdentitiesOf(s).at(StageRole::kStart);
  };
  using enum RouterChoice;
  EXPECT_EQ(start_of(kTopk, 1, 0), start_of(kTopk, 2, 0.1));
  EXPECT_NE(start_of(kExpertChoice, 1, 0), start_of(kExpertChoice, 2, 0));
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
  for (const auto& [place, identity] : IdentitiesOf(Upcycled(), 0, Fingerprint(1, 3))) {
    EXPECT_NE(identity, base.at(place)) << NameOf(place);
  }
  RunSettings longer = Upcycled();
  longer.parent.train.tokens *= 2;
  EXPECT_NE(IdentitiesOf(longer).at(StageRole::kEvaluate), base.at(StageRole::kEvaluate));
}

TEST(StagesOf, CountTheParentsLastRateOnlyWhereTheScheduleContinuesIt) {
  RunSettings s = Upcycled();
  EXPECT_EQ(StagesOf(s, 0, {Fingerprint(1, 2), {}}).at(4).stage.settings.contains("parent_rate"),
            false);
  s.train.learning_rate.start = ScheduleStart::kContinue;
  s.parent.train.learning_rate.minimum = 2e-4;
  const Stage train = StagesOf(s, 0, {Fingerprint(1, 2), {}}).at(4).stage;
  EXPECT_NEAR(ReadTrainOrder(train).parent_rate, 2e-4, 1e-12);
}

TEST(Stage, ComesBackFromJsonAsItWas) {
  for (const RunStage& planned : StagesOf(Upcycled(), 5, {Fingerprint(1, 2), {}})) {
    const Stage read = Stage::FromJson(nlohmann::json::parse(planned.stage.ToJson().dump()));
    EXPECT_EQ(read.Identity(), planned.stage.Identity()) << NameOf(planned.place);
    EXPECT_EQ(read.execution, planned.stage.execution);
  }
}

// The path is where the model lies, and no part of what it is.
TEST(StagesOf, ReadTheParentWhereTheRecipeNamesOne) {
  RunSettings s = Upcycled();
  s.model.from = "/models/parent";
  const auto parent_of = [](const RunSettings& settings, const Fingerprint& model) {
    for (const RunStage& stage : StagesOf(settings, 0, {Fingerprint(1, 2), model})) {
      if (stage.place == StagePlace(StageRole::kParent)) return stage.stage;
    }
    return Stage();
  };
  const Stage parent = parent_of(s, Fingerprint(3, 4));
  EXPECT_EQ(parent.kind, StageKind::kImport);
  EXPECT_EQ(parent.inputs.size(), 1u);
  const ImportOrder order = ReadImportOrder(parent);
  EXPECT_EQ(order.from, "/models/parent");
  EXPECT_EQ(order.content, Fingerprint(3, 4).Hex());
  EXPECT_EQ(order.architecture.model.layers, s.model.layers);

  RunSettings moved = s;
  moved.model.from = "/elsewhere/parent";
  moved.parent.train.tokens *= 2;  // nothing is trained
  EXPECT_EQ(parent_of(moved, Fingerprint(3, 4)).Identity(), parent.Identity());
  EXPECT_NE(parent_of(s, Fingerprint(3, 5)).Identity(), parent.Identity());
}

RunSettings Asked() {
  RunSettings s = Upcycled();
  s.evaluate.benchmarks.tasks = {"hellaswag", "arc_easy"};
  s.evaluate.benchmarks.folder = "here";
  return s;
}

Identities AskedIdentities(const RunSettings& settings, uint64_t content) {
  Identities identities;
  const RunContent read = {
      Fingerprint(1, 2),
      {},
      {{Benchmark::kHellaSwag, Fingerprint(content, 1)}, {Benchmark::kArcEasy, Fingerprint(3, 3)}}};
  for (const RunStage& stage : StagesOf(settings, 0, read)) {
    identities[stage.place] = stage.stage.Identity();
  }
  return identities;
}

TEST(StagesOf, AsksEachBenchmarkInAStageOfItsOwn) {
  Identities identities = AskedIdentities(Asked(), 1);
  const StagePlace hellaswag(StageRole::kBenchmark, 0), arc(StageRole::kBenchmark, 1);
  ASSERT_EQ(identities.size(), 8u);
  EXPECT_NE(identities.at(hellaswag), identities.at(arc));

  RunSettings moved = Asked();
  moved.evaluate.benchmarks.folder = "there";
  EXPECT_EQ(AskedIdentities(moved, 1), identities);
  const Identities changed = AskedIdentities(Asked(), 2);
  EXPECT_NE(changed.at(hellaswag), identities.at(hellaswag));
  EXPECT_EQ(changed.at(arc), identities.at(arc));
  RunSettings with_examples = Asked();
  with_examples.evaluate.benchmarks.shots = 1;
  EXPECT_NE(AskedIdentities(with_examples, 1).at(arc), identities.at(arc));

  identities.erase(hellaswag);
  identities.erase(arc);
  EXPECT_EQ(IdentitiesOf(Upcycled()), identities);  // all the others are what they were
}

TEST(BenchmarkStage, IsReadAsItWasMade) {
  RunSettings s = Asked();
  s.evaluate.benchmarks.shots = 3;
  s.evaluate.benchmarks.items = 20;
  s.evaluate.benchmarks.begin_of_text = TextBeginning::kNever;
  s.execution.device = "cpu";
  const RunContent read = {
      Fingerprint(1, 2),
      {},
      {{Benchmark::kHellaSwag, Fingerprint(1, 1)}, {Benchmark::kArcEasy, Fingerprint(3, 3)}}};
  const std::vector<RunStage> stages = StagesOf(s, 0, read);
  const Stage again = Stage::FromJson(stages.back().stage.ToJson());
  const BenchmarkOrder order = ReadBenchmarkOrder(again);
  EXPECT_EQ(order.benchmark, Benchmark::kArcEasy);
  EXPECT_EQ(order.content, Fingerprint(3, 3));
  EXPECT_EQ(order.settings.folder, "here");
  EXPECT_EQ(order.settings.shots, 3);
  EXPECT_EQ(order.settings.items, 20);
  EXPECT_EQ(order.settings.begin_of_text, TextBeginning::kNever);
  EXPECT_EQ(order.execution.device, "cpu");
  EXPECT_FALSE(order.model.has_value());
  EXPECT_EQ(again.inputs, (std::vector{stages[4].stage.Identity()}));
}

TEST(TextStage, IsReadAsItWasMadeAndKnowsItsModelByContent) {
  TextOrder order = {.name = "pride",
                     .file = "/a/pride.txt",
                     .content = Fingerprint(1, 2),
                     .block = 400,
                     .execution = {},
                     .model = {"/m", "/t", Fingerprint(5, 6)}};
  const Stage stage = TextStage(order);
  const TextOrder read = ReadTextOrder(Stage::FromJson(stage.ToJson()));
  EXPECT_EQ(read.name, "pride");
  EXPECT_EQ(read.file, "/a/pride.txt");
  EXPECT_EQ(read.block, 400);
  EXPECT_EQ(read.model.tokenizer, "/t");
  EXPECT_EQ(read.model.content, Fingerprint(5, 6));
  order.model.model = "/moved";
  EXPECT_EQ(TextStage(order).Identity(), stage.Identity());
  order.model.content = Fingerprint(5, 7);
  EXPECT_NE(TextStage(order).Identity(), stage.Identity());
}

}  // namespace
}  // namespace upcycle
