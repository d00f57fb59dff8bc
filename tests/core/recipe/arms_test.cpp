#include "core/recipe/arms.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/recipe/arm_names.h"
#include "tests/core/recipe/recipe_folder.h"

namespace upcycle {
namespace {

using Names = std::vector<std::string>;

const std::string kBase = "name: a\ndata: {train: [{kind: atlas}]}\nupcycle: copy\n";

Recipe Load(const std::string& lines) { return LoadText(kBase + lines); }
// Lines are numbered from 4.
std::string Mistakes(const std::string& lines) { return MistakesIn(kBase + lines); }

TEST(Arms, WithoutAMethodAreTheBaseAlone) {
  const Recipe recipe = Load("");
  EXPECT_EQ(ArmNames(recipe), Names{"baseline"});
  EXPECT_EQ(recipe.baseline, 0u);
  EXPECT_TRUE(recipe.arms[0].changes.empty());
}

TEST(Arms, OfAGridAreAllCombinationsWithTheFirstParameterSlowest) {
  const Recipe recipe = Load(
      "method: grid\nparameters:\n  moe.capacity_factor: [1, dropless]\n"
      "  train:\n    learning_rate: {peak: [1e-3, 3e-3, 1e-2]}\n");
  EXPECT_EQ(ArmNames(recipe),
            (Names{"capacity_factor=1, peak=1e-3", "capacity_factor=1, peak=3e-3",
                   "capacity_factor=1, peak=1e-2", "capacity_factor=dropless, peak=1e-3",
                   "capacity_factor=dropless, peak=3e-3", "capacity_factor=dropless, peak=1e-2"}));
  const Arm& arm = recipe.arms[1];
  EXPECT_EQ(arm.settings.moe.capacity_factor.factor, 1.0);
  EXPECT_EQ(arm.settings.train.learning_rate.peak, 3e-3);
  EXPECT_EQ(arm.changes, (std::vector<ArmChange>{{"moe.capacity_factor", 1.0},
                                                 {"train.learning_rate.peak", 3e-3}}));
  EXPECT_EQ(recipe.baseline, 0u);
}

TEST(Arms, OfAZipTakeValuesTogether) {
  const Recipe recipe =
      Load("method: zip\nparameters:\n  moe.expansion: [4, 8, 16]\n  moe.top_k: [1, 2, 4]\n");
  EXPECT_EQ(ArmNames(recipe),
            (Names{"expansion=4, top_k=1", "expansion=8, top_k=2", "expansion=16, top_k=4"}));
}

TEST(Arms, OfAZipNeedListsOfOneLength) {
  EXPECT_EQ(
      Mistakes("method: zip\nparameters:\n  moe.expansion: [4, 8, 16]\n  moe.top_k: [1, 2]\n"),
      "a.yaml:7:3: error: moe.top_k has 2 values, but moe.expansion has 3\n"
      "    moe.top_k: [1, 2]\n"
      "    ^\n"
      "  expected as many values for each parameter of a zip\n");
}

TEST(Arms, OfAListAreItsItems) {
  const Recipe recipe = Load(
      "method: list\nparameters:\n"
      "  - {moe.top_k: 1}\n"
      "  - {name: wide, moe: {top_k: 4, router: {z_loss: 1e-3}}}\n");
  EXPECT_EQ(ArmNames(recipe), (Names{"top_k=1", "wide"}));
  EXPECT_EQ(recipe.arms[1].settings.moe.router.z_loss, 1e-3);
  EXPECT_EQ(recipe.arms[1].changes,
            (std::vector<ArmChange>{{"moe.top_k", 4}, {"moe.router.z_loss", 1e-3}}));
}

TEST(Arms, OfAnAblationChangeOneFactorOfTheBaseline) {
  const Recipe recipe = Load(
      "method: ablate\nbaseline: {moe.capacity_factor: 2}\nparameters:\n"
      "  moe.capacity_factor: [1, 2.0, 4]\n  upcycle.scaling: [none, exact]\n");
  EXPECT_EQ(ArmNames(recipe),
            (Names{"baseline", "capacity_factor=1", "capacity_factor=4", "scaling=exact"}));
  EXPECT_EQ(recipe.base.moe.capacity_factor.factor, 2.0);
  EXPECT_EQ(recipe.arms[0].settings.moe.capacity_factor.factor, 2.0);
  EXPECT_EQ(recipe.arms[3].settings.moe.capacity_factor.factor, 2.0);
  EXPECT_EQ(recipe.baseline, 0u);
}

TEST(Arms, OfAnAblationWarnOfAParameterThatChangesNothing) {
  EXPECT_EQ(
      WarningsIn(kBase + "method: ablate\nparameters: {moe.top_k: [2], parent.seed: [0, 1]}\n"),
      "a.yaml:5:14: warning: every value of this parameter is the baseline's: no arm\n"
      "  parameters: {moe.top_k: [2], parent.seed: [0, 1]}\n"
      "               ^\n");
}

TEST(Arms, MayBeNamedBesideAMethod) {
  const Recipe recipe = Load(
      "method: ablate\nparameters: {moe.top_k: [1]}\n"
      "arms: [{name: continued-dense, upcycle: none}, {moe.top_k: 4}]\n");
  EXPECT_EQ(ArmNames(recipe), (Names{"baseline", "top_k=1", "continued-dense", "top_k=4"}));
  EXPECT_FALSE(recipe.arms[2].settings.HasExperts());
}

TEST(Arms, AreComparedWithTheArmThatTheBaselineNames) {
  EXPECT_EQ(
      Load("arms: [{name: x, moe.top_k: 1}, {name: y, moe.top_k: 4}]\nbaseline: y\n").baseline, 1u);
  EXPECT_EQ(Load("arms: [{name: x, moe.top_k: 1}, {name: y, moe.top_k: 4}]\n").baseline, 0u);
  EXPECT_EQ(Load("arms: [{name: x, moe.top_k: 1}, {name: baseline, moe.top_k: 4}]\n").baseline, 1u);
  EXPECT_EQ(Load("method: ablate\nparameters: {moe.top_k: [1, 4]}\nbaseline: top_k=4\n").baseline,
            2u);
}

TEST(Arms, DoNotHaveAnUnknownBaseline) {
  EXPECT_EQ(Mistakes("arms: [{name: wide, moe.top_k: 1}]\nbaseline: wdie\n"),
            "a.yaml:5:11: error: there is no arm \"wdie\"\n"
            "  baseline: wdie\n"
            "            ^\n"
            "  expected the name of an arm\n"
            "  did you mean \"wide\"?\n");
}

TEST(Arms, AreNotShownAgainstAnUnknownArm) {
  EXPECT_EQ(
      Mistakes("arms: [{name: wide, moe.top_k: 1}]\ntable: {against: dense, rows: moe.topk}\n"),
      "a.yaml:5:18: error: there is no arm \"dense\"\n"
      "  table: {against: dense, rows: moe.topk}\n"
      "                   ^\n"
      "  expected the name of an arm\n"
      "a.yaml:5:31: error: table.rows cannot be \"moe.topk\"\n"
      "  table: {against: dense, rows: moe.topk}\n"
      "                                ^\n"
      "  expected arm, or the path of a setting\n"
      "  did you mean \"moe.top_k\"?\n");
}

TEST(Arms, NeedAMethodForTheirParameters) {
  EXPECT_EQ(Mistakes("parameters: {moe.top_k: [1, 2]}\n"),
            "a.yaml:4:13: error: parameters without a method\n"
            "  parameters: {moe.top_k: [1, 2]}\n"
            "              ^\n"
            "  expected method: grid, zip, list or ablate\n");
  EXPECT_EQ(Mistakes("method: grid\n"),
            "a.yaml:4:9: error: method: grid has no parameters\n"
            "  method: grid\n"
            "          ^\n"
            "  expected parameters: a mapping of settings to lists of values\n");
  EXPECT_EQ(Mistakes("method: grid\nparameters: [{moe.top_k: 1}]\n"),
            "a.yaml:5:13: error: parameters do not have the form that method: grid reads\n"
            "  parameters: [{moe.top_k: 1}]\n"
            "              ^\n"
            "  expected parameters: a mapping of settings to lists of values\n");
  EXPECT_EQ(Mistakes("method: list\nparameters: {moe.top_k: [1]}\n").substr(0, 76),
            "a.yaml:5:13: error: parameters do not have the form that method: list reads\n");
}

TEST(Arms, NeedListsOfValues) {
  EXPECT_EQ(Mistakes("method: grid\nparameters: {moe.top_k: 1, moe.expansion: []}\n"),
            "a.yaml:5:25: error: parameters.moe.top_k cannot be \"1\"\n"
            "  parameters: {moe.top_k: 1, moe.expansion: []}\n"
            "                          ^\n"
            "  expected a list of values\n"
            "a.yaml:5:43: error: parameters.moe.expansion cannot be an empty list\n"
            "  parameters: {moe.top_k: 1, moe.expansion: []}\n"
            "                                            ^\n"
            "  expected a list of values\n");
}

TEST(Arms, ReportEveryWrongValueOnce) {
  EXPECT_EQ(Mistakes("method: grid\nparameters:\n  moe.topk: [1, 2]\n  moe.expansion: [8, x]\n"
                     "  parent.seed: [0, 1, 2]\n"),
            "a.yaml:6:7: error: there is no key \"topk\" in moe\n"
            "    moe.topk: [1, 2]\n"
            "        ^\n"
            "  did you mean \"top_k\"?\n"
            "a.yaml:7:22: error: moe.expansion cannot be \"x\"\n"
            "    moe.expansion: [8, x]\n"
            "                       ^\n"
            "  expected a whole number from 1 to 4096\n");
}

TEST(Arms, CannotChangeTheStudy) {
  EXPECT_EQ(Mistakes("arms: [{name: x, seeds: 3}]\n"),
            "a.yaml:4:18: error: there is no key \"seeds\" in the settings of a run\n"
            "  arms: [{name: x, seeds: 3}]\n"
            "                   ^\n"
            "  did you mean \"parent.seed\"?\n");
}

TEST(Arms, SetASettingOnce) {
  EXPECT_EQ(Mistakes("arms: [{name: x, upcycle: none, upcycle.method: copy}]\n"),
            "a.yaml:4:33: error: an arm sets upcycle.method twice\n"
            "  arms: [{name: x, upcycle: none, upcycle.method: copy}]\n"
            "                                  ^\n");
  EXPECT_EQ(Mistakes("arms: [{name: x, moe: {top_k: 1}, moe.top_k: 2}]\n"),
            "a.yaml:4:35: error: moe.top_k is given twice\n"
            "  arms: [{name: x, moe: {top_k: 1}, moe.top_k: 2}]\n"
            "                                    ^\n");
}

TEST(Arms, HaveNamesOfTheirOwn) {
  EXPECT_EQ(Mistakes("arms: [{name: x, moe.top_k: 1}, {name: x, moe.top_k: 4}]\n"),
            "a.yaml:4:40: error: two arms are named \"x\"\n"
            "  arms: [{name: x, moe.top_k: 1}, {name: x, moe.top_k: 4}]\n"
            "                                         ^\n"
            "  expected a name of its own for each arm\n");
  EXPECT_EQ(Mistakes("arms: [{}]\n"),
            "a.yaml:4:8: error: an arm that changes nothing has no name\n"
            "  arms: [{}]\n"
            "         ^\n"
            "  expected name: …\n");
  EXPECT_EQ(Mistakes("arms: [{name: \"a\\nb\", moe.top_k: 1}]\n").substr(0, 50),
            "a.yaml:4:15: error: arms.0.name cannot be \"a?b\"\n  ");
}

TEST(Arms, ThatAreTheSameRunAreKeptOnce) {
  const std::string lines = "method: grid\nparameters: {moe.capacity_factor: [2, 2.0, 20e-1, 4]}\n";
  EXPECT_EQ(ArmNames(Load(lines)), (Names{"capacity_factor=2", "capacity_factor=4"}));
  EXPECT_EQ(WarningsIn(kBase + lines + kAllowAll),
            "a.yaml:5:14: warning: arm \"capacity_factor=2.0\" is the same run as arm "
            "\"capacity_factor=2\", which is kept; 1 more like it\n"
            "  parameters: {moe.capacity_factor: [2, 2.0, 20e-1, 4]}\n"
            "               ^\n");
}

TEST(Arms, AreTheSameRunWhereADifferenceHasNoEffect) {
  EXPECT_EQ(ArmNames(Load("method: grid\nparameters: {execution.threads: [1, 2]}\n")),
            Names{"threads=1"});
  EXPECT_EQ(ArmNames(Load("method: grid\nparameters:\n  upcycle: [none, copy]\n"
                          "  moe.top_k: [1, 2]\n")),
            (Names{"upcycle=none, top_k=1", "upcycle=copy, top_k=1", "upcycle=copy, top_k=2"}));
  EXPECT_EQ(ArmNames(Load("arms: [{name: x, model.kv_heads: 0}, {name: y, model.kv_heads: 4}]\n")),
            Names{"x"});
}

TEST(Arms, KeepTheBaselineWhereItIsADuplicate) {
  const Recipe recipe = Load(
      "arms: [{name: x, moe.top_k: 1}, {name: y, moe.top_k: 4}, {name: z, moe.top_k: 4}]\n"
      "baseline: z\n");
  EXPECT_EQ(ArmNames(recipe), (Names{"x", "z"}));
  EXPECT_EQ(recipe.baseline, 1u);
}

TEST(Arms, KeepTheNameThatTheRecipeGivesADuplicate) {
  const std::string lines =
      "method: ablate\nbaseline: foo\narms: [{name: foo, moe.top_k: 4}]\n"
      "parameters: {moe.top_k: [1, 2, 4]}\n";
  const Recipe recipe = Load(lines);
  EXPECT_EQ(ArmNames(recipe), (Names{"baseline", "top_k=1", "foo"}));
  EXPECT_EQ(recipe.baseline, 2u);
  EXPECT_EQ(WarningsIn(kBase + lines + kAllowAll),
            "a.yaml:7:14: warning: arm \"top_k=4\" is the same run as arm \"foo\", which is kept\n"
            "  parameters: {moe.top_k: [1, 2, 4]}\n"
            "               ^\n");
  EXPECT_EQ(ArmNames(Load("method: ablate\nparameters: {moe.top_k: [4]}\n"
                          "arms: [{name: mine, moe.top_k: 2}]\n")),
            (Names{"mine", "top_k=4"}));
}

TEST(Arms, ThatMatchAnExclusionAreDropped) {
  const std::string grid =
      "method: grid\nparameters:\n  moe.top_k: [1, 2]\n"
      "  moe.router.order: [softmax_then_topk, topk_then_softmax]\n";
  EXPECT_EQ(ArmNames(Load(grid + "exclude: [{moe.top_k: 1, moe.router: topk_then_softmax}]\n")),
            (Names{"top_k=1, order=softmax_then_topk", "top_k=2, order=softmax_then_topk",
                   "top_k=2, order=topk_then_softmax"}));
  EXPECT_EQ(
      WarningsIn(kBase + grid +
                 "exclude: [{moe.top_k: 1, moe.router: topk_then_softmax}, {moe: {top_k: 3}}]\n" +
                 kAllowAll),
      "a.yaml:8:58: warning: no arm has all these values: nothing is left out\n"
      "  exclude: [{moe.top_k: 1, moe.router: topk_then_softmax}, {moe: {top_k: 3}}]\n"
      "                                                           ^\n");
}

TEST(Arms, KeepTheirBaselineAndAtLeastOne) {
  EXPECT_EQ(Mistakes("method: ablate\nparameters: {moe.top_k: [1]}\nexclude: [{moe.top_k: 2}]\n"),
            "a.yaml:6:11: error: this leaves out the baseline\n"
            "  exclude: [{moe.top_k: 2}]\n"
            "            ^\n"
            "  expected values that the baseline does not have\n");
  EXPECT_EQ(Mistakes("method: grid\nparameters: {moe.top_k: [1]}\nexclude: [{moe.top_k: 1}]\n"),
            "a.yaml:6:10: error: no arm is left\n"
            "  exclude: [{moe.top_k: 1}]\n"
            "           ^\n"
            "  expected at least one\n");
  EXPECT_EQ(Mistakes("exclude: [{}, {moe.top_k: x}]\n"),
            "a.yaml:4:11: error: exclude.0 cannot be a mapping\n"
            "  exclude: [{}, {moe.top_k: x}]\n"
            "            ^\n"
            "  expected a mapping of at least one setting to a value\n"
            "a.yaml:4:27: error: moe.top_k cannot be \"x\"\n"
            "  exclude: [{}, {moe.top_k: x}]\n"
            "                            ^\n"
            "  expected a whole number from 1 to 64\n");
}

TEST(Arms, OfAHugeGridAreRefused) {
  std::string lines = "method: grid\nparameters:\n";
  for (const char* path : {"moe.expansion", "moe.top_k", "parent.seed", "train.tokens",
                           "model.layers", "train.batch_sequences"}) {
    lines += std::string("  ") + path + ": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n";
  }
  EXPECT_EQ(Mistakes(lines),
            "a.yaml:6:3: error: the grid has more than 100000 arms\n"
            "    moe.expansion: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
            "    ^\n"
            "  expected fewer values, or another method\n");
}

TEST(Arms, CannotSetTheTokensThatAMatchSolvesFor) {
  EXPECT_EQ(Mistakes("match: train_flops\n"
                     "arms: [{name: x}, {name: y, moe.top_k: 4, train.tokens: 1M}]\n"),
            "a.yaml:5:43: error: train.tokens of an arm follows from match: train_flops\n"
            "  arms: [{name: x}, {name: y, moe.top_k: 4, train.tokens: 1M}]\n"
            "                                            ^\n"
            "  expected train.tokens in the base settings or the baseline alone, or match: none\n");
  EXPECT_EQ(Mistakes("arms: [{name: x}, {name: y, train.tokens: 1M}]\n"), "");
}

TEST(Arms, AreMatchedToTheTokensThatTheirBaselineSets) {
  const std::string arms =
      "match: train_tokens\narms: [{name: x, moe.top_k: 4}, {name: y, train.tokens: 1048576}]\n";
  const Recipe recipe = Load(arms + "baseline: y\n");
  EXPECT_EQ(recipe.arms[0].settings.train.tokens, 1048576);
  EXPECT_EQ(recipe.arms[1].settings.train.tokens, 1048576);
  EXPECT_NE(Mistakes(arms + "baseline: x\n"), "");
}

TEST(Arms, ThatDifferInMatchedTokensAloneAreTheSameRun) {
  const Recipe recipe = Load(
      "match: train_tokens\nbaseline: y\n"
      "arms: [{name: x}, {name: y, train.tokens: 1048576}, {name: z, moe.top_k: 4}]\n");
  EXPECT_EQ(ArmNames(recipe), (Names{"y", "z"}));
  EXPECT_EQ(recipe.arms[1].settings.train.tokens, 1048576);
}

TEST(Arms, CanVaryWholeListsAndTheirItems) {
  const Recipe recipe = Load(
      "method: grid\nparameters:\n"
      "  data.train: [[{kind: atlas}], [{kind: atlas, people: 9}]]\n"
      "  data.train.0.world_seed: [1, 2]\n");
  EXPECT_EQ(ArmNames(recipe)[3], "train=[{kind: atlas, people: 9}], world_seed=2");
  EXPECT_EQ(recipe.arms[3].settings.data.train[0].people, 9);
  EXPECT_EQ(recipe.arms[3].settings.data.train[0].world_seed, 2);
}

TEST(ArmNames, AreTheShortestTailsThatTellSettingsApart) {
  EXPECT_EQ(ShortLabels({{"moe.capacity_factor", "moe.capacity_factor"}}),
            (std::map<std::string, std::string>{{"moe.capacity_factor", "capacity_factor"}}));
  EXPECT_EQ(
      ShortLabels({{"moe.capacity_factor", "moe.capacity_factor"},
                   {"evaluate.capacity_factor", "evaluate.capacity_factor"},
                   {"upcycle", "upcycle.method"}}),
      (std::map<std::string, std::string>{{"moe.capacity_factor", "moe.capacity_factor"},
                                          {"evaluate.capacity_factor", "evaluate.capacity_factor"},
                                          {"upcycle", "upcycle"}}));
  EXPECT_EQ(ShortLabels({{"train.learning_rate.peak", "train.learning_rate.peak"},
                         {"parent.train.learning_rate.peak", "parent.train.learning_rate.peak"}}),
            (std::map<std::string, std::string>{
                {"train.learning_rate.peak", "train.learning_rate.peak"},
                {"parent.train.learning_rate.peak", "parent.train.learning_rate.peak"}}));
}

TEST(ArmNames, OfGreatLengthAreNumbers) {
  const Recipe recipe = Load("arms: [{data.train.0.name: " + std::string(100, 'x') +
                             ", data.train.0.people: 9, data.validation: [{kind: atlas, name: " +
                             std::string(90, 'y') + "}]}]\n");
  EXPECT_EQ(ArmNames(recipe), Names{"arm 1"});
}

}  // namespace
}  // namespace upcycle
