// One recipe at several sizes.
#include <string>

#include <gtest/gtest.h>

#include "core/recipe/help.h"
#include "core/recipe/schema.h"
#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr const char* kRecipe = R"(name: rates
description: how high a peak
data: {train: [{kind: atlas}]}
upcycle: copy
train: {tokens: 1M}
sizes:
  lab:
    extends: small.yaml
    parameters: {train.learning_rate.peak: [1e-3, 2e-3]}
  paper:
    extends: large.yaml
    train: {tokens: 4M}
    parameters: {train.learning_rate.peak: [1e-4]}
method: ablate
)";

class Sizes : public testing::Test {
 protected:
  Sizes() {
    folder_.Write("a.yaml", kRecipe);
    folder_.Write("small.yaml", "model: {width: 64}\ntrain: {tokens: 2M, batch_sequences: 4}\n");
    folder_.Write("large.yaml", "model: {width: 256}\ntrain: {tokens: 3M}\n");
  }
  Recipe At(const std::string& size, const std::vector<std::string>& overrides = {}) const {
    return LoadRecipe(folder_.path() / "a.yaml", overrides, {}, size);
  }

  RecipeFolder folder_;
};

TEST_F(Sizes, AreTheFirstWhereNoneIsAskedFor) {
  const Recipe recipe = At("");
  EXPECT_EQ(recipe.name, "rates");
  EXPECT_EQ(recipe.size, "lab");
  EXPECT_EQ(recipe.sizes, (std::vector<std::string>{"lab", "paper"}));
  EXPECT_EQ(recipe.base.model.width, 64);
  EXPECT_EQ(ArmNames(recipe), (std::vector<std::string>{"baseline", "peak=2e-3"}));
  EXPECT_TRUE(Says(DescribeRecipe(recipe), "size lab of lab, paper"));
}

TEST_F(Sizes, GiveStudiesOfTheirOwnNames) {
  const Recipe recipe = At("paper");
  EXPECT_EQ(recipe.name, "rates-paper");
  EXPECT_EQ(recipe.description, "how high a peak");
  EXPECT_EQ(recipe.base.model.width, 256);
  EXPECT_EQ(At("lab").name, "rates");
}

TEST_F(Sizes, TakePrecedenceOverTheFileWhichTakesItOverTheirBases) {
  EXPECT_EQ(At("lab").base.train.tokens, 1000000);
  EXPECT_EQ(At("lab").base.train.batch_sequences, 4);
  EXPECT_EQ(At("paper").base.train.tokens, 4000000);
  EXPECT_EQ(At("paper", {"train.tokens=5M"}).base.train.tokens, 5000000);
}

TEST_F(Sizes, ThatARecipeLacksAreRefusedWithTheKnownOnes) {
  folder_.Write("b.yaml", "name: b\ndata: {train: [{kind: atlas}]}\n");
  try {
    At("papr");
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(Says(error.what(), "a.yaml:7:3: error: the recipe has no size \"papr\""));
    EXPECT_TRUE(Says(error.what(), "expected lab or paper"));
    EXPECT_TRUE(Says(error.what(), "did you mean \"paper\"?"));
  }
  try {
    LoadRecipe(folder_.path() / "b.yaml", {}, {}, "lab");
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(Says(error.what(), "b.yaml:1:1: error: the recipe has no sizes, so none \"lab\""));
  }
}

TEST_F(Sizes, HaveTheirMistakesInPlaceWhetherChosenOrNot) {
  folder_.Write("c.yaml",
                "name: c\ndata: {train: [{kind: atlas}]}\nsizes:\n"
                "  lab: {train: {tokens: none}}\n"
                "  paper: {model: {widht: 4}, name: d}\n"
                "  a b: {}\n"
                "  flat: [1]\n");
  EXPECT_EQ(folder_.Mistakes("c.yaml"),
            "c.yaml:4:25: error: train.tokens cannot be \"none\"\n"
            "    lab: {train: {tokens: none}}\n"
            "                          ^\n"
            "  expected a whole number from 1 to 1000000000000000 (tokens)\n"
            "c.yaml:5:19: error: there is no key \"widht\" in model\n"
            "    paper: {model: {widht: 4}, name: d}\n"
            "                    ^\n"
            "  did you mean \"width\"?\n"
            "c.yaml:5:30: error: a size has no name of its own\n"
            "    paper: {model: {widht: 4}, name: d}\n"
            "                               ^\n"
            "  expected no such key: the study of a size has the recipe's name and the size's\n"
            "c.yaml:6:3: error: a size cannot be named \"a b\"\n"
            "    a b: {}\n"
            "    ^\n"
            "  expected at most 40 letters, digits and '_'\n"
            "c.yaml:7:9: error: sizes.flat cannot be a list\n"
            "    flat: [1]\n"
            "          ^\n"
            "  expected a mapping of keys\n");
}

TEST_F(Sizes, AreNotForBasesNorForOverrides) {
  folder_.Write("d.yaml", "name: d\nextends: a.yaml\n");
  EXPECT_TRUE(Says(folder_.Mistakes("d.yaml"),
                   "a.yaml:7:3: error: a recipe that is extended has no sizes"));
  EXPECT_TRUE(Says(folder_.Mistakes("a.yaml", {"sizes={x: {}}"}), "sizes belongs in a recipe"));
}

TEST_F(Sizes, ThatChangeTheMetricHaveItsUsualGoal) {
  folder_.Write("e.yaml",
                "name: e\ndata: {train: [{kind: atlas}]}\n"
                "metric: {name: validation/loss, goal: minimize}\n"
                "sizes: {lab: {metric: atlas/accuracy}}\n");
  EXPECT_EQ(folder_.Load("e.yaml").metric.goal, Goal::kMaximize);
}

TEST_F(Sizes, AreKnownToEditorsAndToTheHelp) {
  const nlohmann::json schema = RecipeSchema();
  EXPECT_EQ(schema.at("properties").at("sizes").at("additionalProperties").at("$ref"),
            "#/$defs/size");
  const nlohmann::json& size = schema.at("$defs").at("size").at("properties");
  EXPECT_EQ(size.at("train").at("$ref"), "#/properties/train");
  EXPECT_TRUE(size.contains("extends"));
  EXPECT_FALSE(size.contains("name"));
  EXPECT_TRUE(Says(HelpText(), "  sizes\n"));
  EXPECT_TRUE(Says(HelpText(), "untuned_rate"));
}

}  // namespace
}  // namespace upcycle
