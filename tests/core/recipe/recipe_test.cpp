#include "core/recipe/recipe.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/recipe/canonical.h"
#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using Names = std::vector<std::string>;

const std::string kBase = "name: a\ndata: {train: [{kind: atlas}]}\n";

TEST(Recipe, IsReadWhole) {
  const Recipe recipe = LoadText(
      "name: capacity-factor\n"
      "description: what capacity does\n"
      "metric: {name: atlas/accuracy, goal: maximize}\n"
      "data: {train: [{kind: atlas, people: 1k}], tokenizer: {kind: bpe, vocabulary: 1024}}\n"
      "upcycle: copy\n"
      "method: ablate\n"
      "baseline: {moe.capacity_factor: 2}\n"
      "parameters: {moe.capacity_factor: [1, dropless]}\n"
      "arms: [{name: continued-dense, upcycle: none}]\n"
      "seeds: {values: [3, 1, 2], paired: true}\n"
      "match: {on: train_flops, tolerance: 0.5%}\n"
      "budget: {core_hours: 2, on_exceed: warn}\n"
      "allow: untuned_rate\n"
      "table: {rows: arm, columns: [validation/loss, atlas/accuracy], against: continued-dense, "
      "interval: 90, digits: 3, cell: mean_sd, bold: decided, sort: atlas/accuracy:desc, "
      "only_changed: true}\n");
  EXPECT_EQ(recipe.name, "capacity-factor");
  EXPECT_EQ(recipe.description, "what capacity does");
  EXPECT_EQ(recipe.path.filename(), "a.yaml");
  EXPECT_EQ(recipe.metric.name, "atlas/accuracy");
  EXPECT_EQ(recipe.metric.goal, Goal::kMaximize);
  EXPECT_EQ(ArmNames(recipe), (Names{"baseline", "capacity_factor=1", "capacity_factor=dropless",
                                     "continued-dense"}));
  EXPECT_EQ(recipe.baseline, 0u);
  EXPECT_EQ(recipe.seeds, (std::vector<int64_t>{3, 1, 2}));
  EXPECT_EQ(recipe.match.on, MatchOn::kTrainFlops);
  EXPECT_EQ(recipe.match.tolerance, 0.005);
  EXPECT_EQ(recipe.budget.core_hours, 2);
  EXPECT_EQ(recipe.budget.on_exceed, OnExceed::kWarn);
  EXPECT_EQ(recipe.table.columns, (Names{"validation/loss", "atlas/accuracy"}));
  EXPECT_EQ(recipe.table.against, "continued-dense");
  EXPECT_EQ(recipe.table.interval, 90);
  EXPECT_EQ(recipe.table.digits, 3);
  EXPECT_EQ(recipe.table.cell, CellMeaning::kMeanDeviation);
  EXPECT_EQ(recipe.table.bold, BoldRule::kDecided);
  EXPECT_EQ(recipe.table.sort, "atlas/accuracy:desc");
  EXPECT_TRUE(recipe.table.only_changed);
  EXPECT_TRUE(recipe.warnings.empty());
}

TEST(Recipe, ShowsAllItsMistakesAtOnceSortedByPlace) {
  EXPECT_EQ(
      MistakesIn("name: bad name\n"
                 "moe: {topk: 2, capacity_factor: droples}\n"
                 "data: {train: [{kind: atlas}]}\n"
                 "train:\n"
                 "  tokens: 1.5\n"
                 "  learning_rate: {peak: 0}\n"
                 "seeds: [0, 0]\n"
                 "execution: {device: gpu}\n",
                 {"moe.top_k=many"}),
      "a.yaml:1:7: error: name cannot be \"bad name\"\n"
      "  name: bad name\n"
      "        ^\n"
      "  expected at most 100 letters, digits, '-', '_' and '.', the first a letter or digit\n"
      "a.yaml:2:7: error: there is no key \"topk\" in moe\n"
      "  moe: {topk: 2, capacity_factor: droples}\n"
      "        ^\n"
      "  did you mean \"top_k\"?\n"
      "a.yaml:2:33: error: moe.capacity_factor cannot be \"droples\"\n"
      "  moe: {topk: 2, capacity_factor: droples}\n"
      "                                  ^\n"
      "  expected a number above 0, at most 1000000, or dropless\n"
      "  did you mean \"dropless\"?\n"
      "a.yaml:5:11: error: train.tokens cannot be \"1.5\"\n"
      "    tokens: 1.5\n"
      "            ^\n"
      "  expected a whole number from 1 to 1000000000000000 (tokens)\n"
      "a.yaml:6:25: error: train.learning_rate.peak cannot be \"0\"\n"
      "    learning_rate: {peak: 0}\n"
      "                          ^\n"
      "  expected a number above 0, at most 10\n"
      "a.yaml:7:12: error: the seed 0 is given twice\n"
      "  seeds: [0, 0]\n"
      "             ^\n"
      "a.yaml:8:21: error: execution.device cannot be \"gpu\"\n"
      "  execution: {device: gpu}\n"
      "                      ^\n"
      "  expected auto, cpu, cuda or cuda:N\n"
      "--set moe.top_k=many: error: moe.top_k cannot be \"many\"\n"
      "  expected a whole number from 1 to 64\n");
}

TEST(Recipe, NeedsAName) {
  EXPECT_EQ(MistakesIn("data: {train: [{kind: atlas}]}\n"),
            "a.yaml:1:1: error: the recipe has no name\n"
            "  data: {train: [{kind: atlas}]}\n"
            "  ^\n"
            "  expected name: …, under which its results are found\n");
  EXPECT_EQ(LoadText("data: {train: [{kind: atlas}]}\n", {"name=b"}).name, "b");
}

TEST(Recipe, ThatIsEmptyIsNamedAsSuch) {
  EXPECT_TRUE(Says(MistakesIn(""), "a.yaml:1:1: error: the recipe has no name\n"));
}

TEST(Recipe, ThatIsMissingOrNoFileIsAnInputError) {
  const RecipeFolder folder;
  EXPECT_EQ(folder.Mistakes("missing.yaml").substr(0, 51),
            "cannot read missing.yaml: No such file or directory");
  std::filesystem::create_directory(folder.path() / "folder");
  EXPECT_EQ(folder.Mistakes("folder"), "cannot read folder: it is not a file\n");
}

TEST(Recipe, ThatIsNoYamlGivesNoFurtherMistakes) {
  EXPECT_EQ(MistakesIn("seeds: 2\nmodel:\n\tlayers: 2\n"),
            "a.yaml:3:1: error: a tab cannot indent in YAML\n"
            "  \tlayers: 2\n"
            "  ^\n"
            "  expected spaces\n");
  EXPECT_EQ(MistakesIn("seeds: \xFF\n").substr(0, 23), "a.yaml:1:8: error: the ");
  EXPECT_FALSE(Says(MistakesIn("seeds: \xFF\n"), "the recipe has no name"));
  EXPECT_FALSE(Says(MistakesIn("nothing but words\n"), "the recipe has no name"));
  EXPECT_FALSE(Says(MistakesIn("seeds: 2\n", {"name=["}), "the recipe has no name"));
}

TEST(Recipe, WhoseBaseCannotBeReadGivesNoFurtherMistakes) {
  EXPECT_FALSE(Says(MistakesIn("name: a\nextends: none.yaml\n"), "nothing to train on"));
  const RecipeFolder folder;
  folder.Write("base.yaml", "data: [\n");
  folder.Write("a.yaml", "name: a\nextends: base.yaml\nmodel: {layers: x}\n");
  const std::string mistakes = folder.Mistakes("a.yaml");
  EXPECT_TRUE(Says(mistakes, "never closed"));
  EXPECT_TRUE(Says(mistakes, "model.layers cannot be"));
  EXPECT_FALSE(Says(mistakes, "nothing to train on"));
}

TEST(Seeds, AreAListOrACount) {
  EXPECT_EQ(LoadText(kBase).seeds, std::vector<int64_t>{0});
  EXPECT_EQ(LoadText(kBase + "seeds: 3\n").seeds, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(LoadText(kBase + "seeds: [7, 5]\n").seeds, (std::vector<int64_t>{7, 5}));
  EXPECT_EQ(LoadText(kBase + "seeds: {values: 2}\n").seeds, (std::vector<int64_t>{0, 1}));
  for (const char* seeds : {"0", "-1", "[]", "[-1]", "10001", "1.5", "true", "'3'", "~"}) {
    EXPECT_NE(MistakesIn(kBase + "seeds: " + seeds + "\n"), "") << seeds;
  }
}

TEST(Seeds, OfManyArmsAreAtMostAHundredThousandRuns) {
  const std::string grid =
      kBase +
      "method: grid\nparameters:\n"
      "  train.learning_rate.warmup_steps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n"
      "  train.learning_rate.peak: [1e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6e-3, 7e-3, 8e-3, 9e-3, 10e-3]\n";
  EXPECT_EQ(MistakesIn(grid + "seeds: 10000\n"),
            "a.yaml:7:1: error: 110 arms with 10000 seeds are 1100000 runs, more than the 100000 "
            "that a study can have\n"
            "  seeds: 10000\n"
            "  ^\n"
            "  expected at most 909 seeds, or fewer arms\n");
  EXPECT_EQ(MistakesIn(grid + "seeds: 909\n"), "");
}

TEST(Seeds, AreAlwaysPaired) {
  EXPECT_EQ(
      MistakesIn(kBase + "seeds: {values: 2, paired: false}\n"),
      "a.yaml:3:28: error: seeds are always paired: random numbers are a function of seed, name "
      "and step alone, so arms of one seed share data order and noise\n"
      "  seeds: {values: 2, paired: false}\n"
      "                             ^\n"
      "  expected paired: true, or nothing\n");
}

TEST(Extends, BuildsOnOneBaseOrSeveral) {
  const RecipeFolder folder;
  folder.Write("base/lab.yaml", "data: {train: [{kind: atlas}]}\nmodel: {width: 64, heads: 8}\n");
  folder.Write("base/small.yaml", "extends: lab.yaml\nmodel: {layers: 2, heads: 2}\nseeds: 3\n");
  folder.Write("base/long.yaml", "train: {tokens: 2M}\nseeds: 4\n");
  folder.Write("one.yaml", "name: one\nextends: base/small.yaml\nmodel: {layers: 3}\n");
  folder.Write("two.yaml", "name: two\nextends: [base/small.yaml, base/long.yaml]\n");
  const Recipe one = folder.Load("one.yaml");
  EXPECT_EQ(one.base.model.width, 64);
  EXPECT_EQ(one.base.model.heads, 2);
  EXPECT_EQ(one.base.model.layers, 3);
  EXPECT_EQ(one.seeds.size(), 3u);
  const Recipe two = folder.Load("two.yaml");
  EXPECT_EQ(two.base.model.layers, 2);
  EXPECT_EQ(two.base.train.tokens, 2000000);
  EXPECT_EQ(two.seeds.size(), 4u);  // the later wins
}

TEST(Extends, MergesParametersAndReplacesArms) {
  const RecipeFolder folder;
  folder.Write("base.yaml", kBase +
                                "upcycle: copy\nmethod: grid\nparameters:\n  moe.top_k: [1, 2]\n"
                                "  moe.expansion: [8]\narms: [{name: x, moe.top_k: 3}]\n"
                                "baseline: {moe.capacity_factor: 2}\n");
  folder.Write("a.yaml",
               "name: b\nextends: base.yaml\nparameters:\n  moe: {top_k: [4]}\n  parent.seed: [1]\n"
               "arms: [{name: y, moe.top_k: 3}]\nbaseline: {moe.top_k: 1}\n");
  const Recipe recipe = folder.Load("a.yaml");
  EXPECT_EQ(ArmNames(recipe), (Names{"baseline", "top_k=4, expansion=8, seed=1", "y"}));
  EXPECT_EQ(recipe.base.moe.capacity_factor.factor, 2.0);
  EXPECT_EQ(recipe.base.moe.top_k, 1);
}

TEST(Extends, DoesNotInheritTheName) {
  const RecipeFolder folder;
  folder.Write("base.yaml", kBase + "description: the base\n");
  folder.Write("a.yaml", "extends: base.yaml\n");
  EXPECT_EQ(folder.Mistakes("a.yaml").substr(0, 41), "a.yaml:1:1: error: the recipe has no name");
  folder.Write("b.yaml", "name: b\nextends: base.yaml\n");
  EXPECT_EQ(folder.Load("b.yaml").description, "");
}

TEST(Extends, ShowsMistakesOfTheBaseInTheBase) {
  const RecipeFolder folder;
  folder.Write("base/lab.yaml", "model: {widht: 64}\n");
  folder.Write("a.yaml",
               "name: a\nextends: base/lab.yaml\ndata: {train: [{kind: atlas}]}\nseed: 1\n");
  EXPECT_EQ(folder.Mistakes("a.yaml"),
            "a.yaml:4:1: error: there is no key \"seed\" in a recipe\n"
            "  seed: 1\n"
            "  ^\n"
            "  did you mean \"seeds\"?\n"
            "base/lab.yaml:1:9: error: there is no key \"widht\" in model\n"
            "  model: {widht: 64}\n"
            "          ^\n"
            "  did you mean \"width\"?\n");
}

TEST(Extends, RefusesCirclesAndMissingFiles) {
  const RecipeFolder folder;
  folder.Write("a.yaml", kBase + "extends: [b.yaml, nowhere.yaml, '']\n");
  folder.Write("b.yaml", "extends: ./c.yaml\n");
  folder.Write("c.yaml", "extends: ../" + folder.path().filename().string() + "/a.yaml\n");
  const std::string mistakes = folder.Mistakes("a.yaml");
  EXPECT_EQ(mistakes.substr(0, 74),
            "a.yaml:3:19: error: cannot read nowhere.yaml: No such file or directory; c");
  EXPECT_TRUE(Says(mistakes, "a.yaml:3:33: error: cannot read : it is not a file"));
  EXPECT_TRUE(Says(mistakes, "c.yaml:1:10: error: "));
  EXPECT_TRUE(Says(mistakes, "extends itself in a circle"));
}

TEST(Extends, RefusesAFloodOfFiles) {
  const RecipeFolder folder;
  folder.Write("0.yaml", kBase);
  for (int i = 1; i < 12; ++i) {
    const std::string below = std::to_string(i - 1) + ".yaml";
    folder.Write(std::to_string(i) + ".yaml", "name: a\nextends: [" + below + ", " + below + "]\n");
  }
  EXPECT_TRUE(Says(folder.Mistakes("11.yaml"), "a recipe extends more than 64 files"));
}

TEST(Extends, ResolvesFilesAgainstTheRecipeThatNamesThem) {
  const RecipeFolder folder;
  folder.Write("base/lab.yaml",
               "data: {train: [{name: t, files: ['../text/*.txt', '!../text/x.txt']}]}\n");
  folder.Write("a.yaml",
               "name: a\nextends: base/lab.yaml\ndata: {validation: [{files: held/*.txt}]}\n"
               "arms: [{data.train.0.files: other.txt}]\n");
  const Recipe recipe = folder.Load("a.yaml");
  const std::string root = folder.path().string();
  EXPECT_EQ(recipe.base.data.train[0].files,
            (Names{root + "/text/*.txt", "!" + root + "/text/x.txt"}));
  EXPECT_EQ(recipe.base.data.validation[0].files, Names{root + "/held/*.txt"});
  EXPECT_EQ(recipe.arms[0].settings.data.train[0].files, Names{root + "/other.txt"});
  EXPECT_EQ(recipe.arms[0].name, "files=other.txt");
}

TEST(Overrides, SetAnythingAndTheLastWins) {
  const Recipe recipe =
      LoadText(kBase + "upcycle: copy\nmethod: grid\nparameters: {moe.top_k: [1, 2]}\n",
               {"seeds=2", "seeds=[4]", "moe.router={z_loss: 1e-3}", "moe.layers=[0, 2]",
                "parameters.moe.expansion=[4, 8]", "baseline.parent.seed=9", "name=b",
                "data.train.0.people=50", "match.on=none", "description=\"a=b\""});
  EXPECT_EQ(recipe.name, "b");
  EXPECT_EQ(recipe.description, "a=b");
  EXPECT_EQ(recipe.seeds, std::vector<int64_t>{4});
  EXPECT_EQ(recipe.base.moe.router.z_loss, 1e-3);
  EXPECT_EQ(recipe.base.moe.layers.layers, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(recipe.base.parent.seed, 9);
  EXPECT_EQ(recipe.base.data.train[0].people, 50);
  EXPECT_EQ(recipe.arms.size(), 4u);  // two times two, of which the baseline is one
}

TEST(Overrides, AreDiagnosedByTheirOwnText) {
  EXPECT_EQ(MistakesIn(kBase, {"moe.topk=3"}),
            "--set moe.topk=3: error: there is no key \"topk\" in moe\n"
            "  did you mean \"top_k\"?\n");
  EXPECT_EQ(MistakesIn(kBase, {"moe.top_k"}),
            "--set moe.top_k: error: an override without a setting or a value\n"
            "  expected --set path=value, such as --set moe.top_k=2\n");
  EXPECT_EQ(MistakesIn(kBase, {"moe.top_k="}),
            "--set moe.top_k=: error: moe.top_k has no value\n"
            "  expected a whole number from 1 to 64\n");
  EXPECT_EQ(MistakesIn(kBase, {"top_k=3"}),
            "--set top_k=3: error: there is no key \"top_k\" in a recipe\n"
            "  did you mean \"moe.top_k\"?\n");
  EXPECT_EQ(MistakesIn(kBase, {"moe.layers=[0"}),
            "--set moe.layers=[0: error: the [ that opens here is never closed\n");
  EXPECT_EQ(MistakesIn(kBase, {"extends=b.yaml"}),
            "--set extends=b.yaml: error: extends belongs in a recipe\n"
            "  expected --set of what the base would set\n");
  EXPECT_EQ(MistakesIn(kBase, {"parameters.moe.top_k=3", "method=grid"}),
            "--set parameters.moe.top_k=3: error: parameters.moe.top_k cannot be \"3\"\n"
            "  expected a list of values\n");
}

TEST(Overrides, AreBlamedForRelationsThatTheyBreak) {
  EXPECT_EQ(MistakesIn(kBase + "upcycle: copy\n", {"moe.top_k=9"}),
            "--set moe.top_k=9: error: a token cannot be sent to 9 of 8 experts\n"
            "  expected moe.top_k to be at most moe.expansion · moe.granularity\n");
}

TEST(DescribeRecipe, ListsArmsSeedsAndRuns) {
  EXPECT_EQ(DescribeRecipe(LoadText(kBase + "description: a question\nseeds: 3\nmethod: ablate\n"
                                            "parameters: {parent.seed: [1], moe.layers: [[0, 1]]}\n"
                                            "upcycle: copy\n")),
            "a: 3 arms × 3 seeds = 9 runs\n"
            "a question\n"
            "  * baseline\n"
            "    seed=1: parent.seed=1\n"
            "    layers=[0, 1]: moe.layers=[0,1]\n");
}

TEST(ResolvedRecipe, HoldsWhatTheRecipeCameTo) {
  const Recipe recipe =
      LoadText(kBase + "seeds: 2\nmethod: ablate\nparameters: {parent.seed: [1]}\n");
  const nlohmann::json resolved = ResolvedRecipe(recipe);
  EXPECT_EQ(resolved["name"], "a");
  EXPECT_EQ(resolved["base"], AllSettings(recipe.base));
  EXPECT_EQ(resolved["arms"][1]["name"], "seed=1");
  EXPECT_EQ(resolved["arms"][1]["changes"]["parent.seed"], 1);
  EXPECT_EQ(resolved["study"]["seeds"], (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(resolved["study"]["baseline"], "baseline");
}

}  // namespace
}  // namespace upcycle
