#include "core/recipe/canonical.h"

#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/fingerprint.h"
#include "core/recipe/effective.h"
#include "core/recipe/reader.h"
#include "core/recipe/settings.h"
#include "tests/caught_error.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Settings in which every kind of field differs from its default.
RunSettings Unusual() {
  RunSettings settings;
  settings.model.family = Family::kNemotron;
  settings.model.width = 96;
  settings.model.tied_embeddings = false;
  settings.model.norm_epsilon = 1e-6;
  settings.data.train = {{"books",
                          SourceKind::kText,
                          {"/a/*.txt", "!/a/b.txt"},
                          0.1,
                          400,
                          0,
                          "text",
                          "--",
                          TokenType::kUint16},
                         {"", SourceKind::kAtlas, {}, 2, 50, 3, "text", "", TokenType::kUint32}};
  settings.data.held_out = 0.1 + 0.2;
  settings.upcycle = {UpcycleMethod::kVirtualGroups, WeightScaling::kPaper};
  settings.moe.layers = {LayerSelection::Kind::kList, {0, 3}};
  settings.moe.capacity_factor.factor = 1.25;
  settings.moe.router.order = RoutingOrder::kTopkThenSoftmax;
  settings.train.tokens = 1000000000000000;
  settings.train.optimizer.epsilon = 5e-324;
  settings.parent.seed = INT64_MAX;
  settings.evaluate.capacity_factor.factor = 4;
  settings.execution.device = "cuda:1";
  return settings;
}

TEST(Canonical, SettingsSurviveTheRoundTrip) {
  for (const RunSettings& settings : {RunSettings(), Unusual()}) {
    const json written = AllSettings(settings);
    const RunSettings read = SettingsFromJson<RunSettings>(json::parse(written.dump()));
    EXPECT_EQ(AllSettings(read).dump(), written.dump());
  }
  const RunSettings read = SettingsFromJson<RunSettings>(AllSettings(Unusual()));
  EXPECT_EQ(read.data.train[0].files, Unusual().data.train[0].files);
  EXPECT_EQ(read.moe.layers, Unusual().moe.layers);
  EXPECT_EQ(read.data.held_out, 0.1 + 0.2);
  EXPECT_EQ(read.parent.seed, INT64_MAX);
}

TEST(Canonical, KeysAreSortedAndNumbersShort) {
  EXPECT_EQ(AllSettings(OptimizerSettings()).dump(),
            R"({"beta1":0.9,"beta2":0.95,"clip_norm":1.0,"epsilon":1e-08,)"
            R"("moments":"float32","weight_decay":0.1})");
  MoeSettings moe;
  moe.capacity_factor.factor = 4;
  moe.layers.kind = LayerSelection::Kind::kEveryOther;
  // Of result settings, those that came later only where they are not at their default.
  moe.router.bias_rate = 0.001;
  EXPECT_EQ(ResultSettings(moe).dump(),
            R"({"capacity_factor":4.0,"drop_policy":"probs","expansion":8,"granularity":1,)"
            R"("layers":"every_other","router":{"balance_scope":"micro_batch",)"
            R"("bias_rate":0.001,"init_std":0.02,)"
            R"("load_balance":0.01,"order":"softmax_then_topk","z_loss":0.0},"top_k":2})");
}

TEST(Canonical, ResultSettingsAreIndependentOfSpeed) {
  RunSettings fast;
  fast.execution = {"cuda:3", 64};
  fast.train.log_every = 1;
  fast.train.validate_every = 7;
  fast.train.checkpoint_seconds = 1;
  EXPECT_EQ(ResultSettings(fast).dump(), ResultSettings(RunSettings()).dump());
  EXPECT_NE(AllSettings(fast).dump(), AllSettings(RunSettings()).dump());
  EXPECT_FALSE(ResultSettings(fast).contains("execution"));
}

// The fingerprint of unchanged settings is what stages on disk are found by: a new field with a
// default that keeps old behaviour, or a renamed one, changes it and so reruns every study.
TEST(Canonical, FingerprintOfTheOptimizerIsStable) {
  Hasher hasher;
  hasher.Add(ResultSettings(OptimizerSettings()).dump());
  EXPECT_EQ(hasher.Finish().Hex(), "596825a36d07e03a731c088286af440e");
}

TEST(Canonical, AFieldThatCameLaterIsPartOfTheIdentityOnceItIsNotItsDefault) {
  OptimizerSettings optimizer;
  EXPECT_FALSE(ResultSettings(optimizer).contains("moments"));
  optimizer.moments = MomentType::kInt8;
  EXPECT_EQ(ResultSettings(optimizer).at("moments"), "int8");
  EXPECT_EQ(SettingsFromJson<OptimizerSettings>(ResultSettings(optimizer)).moments,
            MomentType::kInt8);
}

TEST(Canonical, ReadingSettingsRefusesWhatItDoesNotKnow) {
  EXPECT_THROW(SettingsFromJson<RunSettings>(json::parse(R"({"moe": {"topk": 2}})")), Error);
  EXPECT_THROW(SettingsFromJson<RunSettings>(json::parse(R"({"moe": {"top_k": 1.5}})")), Error);
  EXPECT_THROW(SettingsFromJson<RunSettings>(json::parse(R"({"moe": {"top_k": "2"}})")), Error);
  EXPECT_THROW(SettingsFromJson<RunSettings>(json::parse(R"({"moe": {"layers": "some"}})")), Error);
  EXPECT_THROW(SettingsFromJson<RunSettings>(json::parse(R"({"upcycle": {"method": "x"}})")),
               Error);
  EXPECT_THROW(SettingsFromJson<RunSettings>(json::parse(R"({"data": {"train": {}}})")), Error);
  EXPECT_THROW(SettingsFromJson<RunSettings>(json::parse("[]")), Error);
  const json unknown = json::parse(R"({"train": {"optimizer": {"beta3": 1}}})");
  EXPECT_EQ(MessageOf([&] { SettingsFromJson<RunSettings>(unknown); }),
            "settings in JSON: the key \"train.optimizer.beta3\" is not known; were they written "
            "by another version?");
}

TEST(Canonical, WhatIsMissingKeepsItsDefault) {
  const auto settings = SettingsFromJson<RunSettings>(json::parse(R"({"moe": {"top_k": 4}})"));
  EXPECT_EQ(settings.moe.top_k, 4);
  EXPECT_EQ(settings.moe.expansion, MoeSettings().expansion);
}

TEST(Canonical, OneSettingIsFoundByItsPath) {
  const RunSettings settings = Unusual();
  EXPECT_EQ(SettingAt(settings, "moe.capacity_factor"), 1.25);
  EXPECT_EQ(SettingAt(settings, "evaluate.capacity_factor"), 4.0);
  EXPECT_EQ(SettingAt(settings, "moe.router.order"), "topk_then_softmax");
  EXPECT_EQ(SettingAt(settings, "moe.router"), AllSettings(settings.moe.router));
  EXPECT_EQ(SettingAt(settings, "data.train.1.people"), 50);
  EXPECT_EQ(SettingAt(settings, "data.train.1"), AllSettings(settings.data.train[1]));
  EXPECT_EQ(SettingAt(settings, "data.train").size(), 2u);
  for (const char* path :
       {"", "moe.topk", "moe.top_k.x", "data.train.2", "data.train.2.people", "x"}) {
    EXPECT_TRUE(SettingAt(settings, path).is_null()) << path;
  }
}

// The number of fields of each kind is that of the struct: no visitor loses one.
TEST(Canonical, EveryPathHasASetting) {
  const RunSettings settings = Unusual();
  for (const std::string& path : PathsOf<RunSettings>()) {
    EXPECT_FALSE(SettingAt(settings, path).is_null()) << path;
  }
}

TEST(Differences, AreThePathsWhoseValuesDiffer) {
  RunSettings a, b;
  EXPECT_TRUE(Differences(a, b).empty());
  b.moe.capacity_factor.factor = 2;
  b.train.learning_rate.peak = 3e-4;
  EXPECT_EQ(Differences(a, b),
            (std::vector<SettingChange>{{"moe.capacity_factor", "dropless", 2.0},
                                        {"train.learning_rate.peak", 1e-3, 3e-4}}));
}

TEST(Differences, OfListsAreThoseOfTheirItemsIfTheyAreEquallyLong) {
  RunSettings a = Unusual(), b = Unusual();
  b.data.train[1].people = 60;
  EXPECT_EQ(Differences(a, b), (std::vector<SettingChange>{{"data.train.1.people", 50, 60}}));
  b.data.train.pop_back();
  ASSERT_EQ(Differences(a, b).size(), 1u);
  EXPECT_EQ(Differences(a, b)[0].path, "data.train");
}

TEST(EffectiveSettings, ForgetWhatARunDoesNotUse) {
  RunSettings a, b;
  b.moe.top_k = 5;
  b.upcycle.scaling = WeightScaling::kExact;
  b.evaluate.capacity_factor.factor = 1;
  b.model.kv_heads = 4;
  b.model.head_width = 32;
  b.train.micro_batch_sequences = 16;
  b.data.tokenizer.vocabulary = 999;
  b.train.learning_rate.decay_share = 0.9;
  EXPECT_TRUE(Differences(EffectiveSettings(a), EffectiveSettings(b)).empty());
  a.upcycle.method = b.upcycle.method = UpcycleMethod::kCopy;
  EXPECT_EQ(Differences(EffectiveSettings(a), EffectiveSettings(b)).size(), 3u);
  a = b;
  a.upcycle.method = b.upcycle.method = UpcycleMethod::kScratch;
  a.parent.seed = 5;
  a.upcycle.scaling = WeightScaling::kNone;
  EXPECT_TRUE(Differences(EffectiveSettings(a), EffectiveSettings(b)).empty());
}

TEST(EffectiveSettings, ForgetWhatAMethodDoesNotUse) {
  RunSettings a, b;
  b.upcycle = {.ratio = 0.1, .noise_std = 1, .branches = 2, .branch_tokens = 5};
  for (const auto& method : EnumNames<UpcycleMethod>::values) {
    a.upcycle.method = b.upcycle.method = method.value;
    std::vector<std::string> used;
    for (const SettingChange& difference :
         Differences(EffectiveSettings(a), EffectiveSettings(b))) {
      used.push_back(difference.path);
    }
    std::vector<std::string> expected;
    if (method.value == UpcycleMethod::kBranchTrainMix) {
      expected = {"upcycle.branch_tokens", "upcycle.branches"};
    }
    if (method.value == UpcycleMethod::kNoise) expected = {"upcycle.noise_std", "upcycle.ratio"};
    if (method.value == UpcycleMethod::kDrop || method.value == UpcycleMethod::kQwen) {
      expected = {"upcycle.ratio"};
    }
    EXPECT_EQ(used, expected) << method.name;
  }
}

TEST(EffectiveSettings, TakeAPapersScalingForNoneWhereItHasNone) {
  RunSettings none, paper;
  for (const auto& method : EnumNames<UpcycleMethod>::values) {
    none.upcycle.method = paper.upcycle.method = method.value;
    paper.upcycle.scaling = WeightScaling::kPaper;
    const bool equal = Differences(EffectiveSettings(none), EffectiveSettings(paper)).empty();
    EXPECT_EQ(equal, !PaperScales(method.value)) << method.name;
  }
}

TEST(EffectiveSettings, KeepWhatARunUses) {
  RunSettings a, b;
  b.parent.seed = 5;
  b.train.learning_rate.minimum = 1e-5;
  b.model.kv_heads = 2;
  EXPECT_EQ(Differences(EffectiveSettings(a), EffectiveSettings(b)).size(), 3u);
}

}  // namespace
}  // namespace upcycle
