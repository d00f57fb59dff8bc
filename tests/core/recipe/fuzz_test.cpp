// Random mutations of a valid recipe: whatever the text, it loads or it gives diagnostics.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr std::string_view kRecipe = R"(# a recipe with one of everything
name: everything
description: "all the shapes that a recipe's values have"
metric: {name: validation/loss, goal: minimize}
data:
  tokenizer: {kind: bpe, vocabulary: 1k}
  train:
    - {kind: atlas, people: &people 100, weight: 7}
    - {name: books, files: [a/*.txt, '!a/b.txt'], weight: 3e0}
  held_out: 0.05
model: {layers: 4, width: 64, heads: 4}
upcycle: {method: copy, scaling: exact}
moe:
  capacity_factor: 1.5
  layers: [0, 2]
train:
  tokens: 1.5M
  learning_rate: {schedule: warmup_stable_decay, peak: 1e-3}
method: grid
baseline: {moe.capacity_factor: dropless}
parameters:
  moe.router.order: [softmax_then_topk, topk_then_softmax]
  moe.layers: [all, every_other, [1, 3]]
arms: [{name: dense, upcycle: none}, {data.train.0.people: *people, moe: {top_k: 4}}]
exclude: [{moe.layers: every_other, moe.router: topk_then_softmax}]
seeds: {values: [0, 1, 2], paired: true}
match: {on: train_flops, tolerance: 5%}
budget: {core_hours: 2, on_exceed: warn}
table: {rows: arm, columns: [validation/loss], against: baseline}
allow: [two_factors, untuned_rate]
sizes: {lab: {seeds: 2, extends: []}, paper: {model: {width: 128}}}
)";

constexpr std::string_view kPieces[] = {"",
                                        " ",
                                        "\n",
                                        "\t",
                                        ":",
                                        ": ",
                                        "- ",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        ",",
                                        "'",
                                        "\"",
                                        "#",
                                        "&x ",
                                        "*x",
                                        "*people",
                                        "!t ",
                                        "|",
                                        ">",
                                        "? ",
                                        "~",
                                        "null",
                                        "true",
                                        "0",
                                        "-1",
                                        "1e9",
                                        "1e999",
                                        "1.5k",
                                        "0.5%",
                                        "x",
                                        "é",
                                        "\x1b",
                                        "\xff",
                                        "---",
                                        "...",
                                        "<<",
                                        "moe",
                                        "moe.top_k",
                                        "name",
                                        "  ",
                                        "\r\n",
                                        "%YAML",
                                        "train: {tokens: 1}\n",
                                        "extends: a.yaml\n",
                                        "moe: {granularity: 3}\n",
                                        "seeds: 99999\n"};

class Mutation {
 public:
  explicit Mutation(uint64_t number) : stream_(1, "recipe/mutation", number) {}

  std::string Apply(std::string text) {
    const uint64_t edits = 1 + Below(4);
    for (uint64_t i = 0; i < edits; ++i) {
      const size_t at = Below(text.size() + 1);
      const size_t length = std::min<size_t>(Below(12), text.size() - at);
      switch (Below(4)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.replace(at, length, kPieces[Below(std::size(kPieces))]);
          break;
        case 2:
          text.insert(at, text.substr(Below(text.size() + 1), Below(60)));
          break;
        default:
          text.insert(at, kPieces[Below(std::size(kPieces))]);
      }
    }
    return text;
  }

 private:
  uint64_t Below(uint64_t bound) { return stream_.Below(index_++, bound); }

  RandomStream stream_;
  uint64_t index_ = 0;
};

TEST(Recipe, LoadsOrGivesDiagnosticsWhateverItsText) {
  const RecipeFolder folder;
  int loaded = 0, refused = 0;
  for (uint64_t number = 0; number < 1000; ++number) {
    const std::string text = Mutation(number).Apply(std::string(kRecipe));
    folder.Write("a.yaml", text);
    try {
      const Recipe recipe = folder.Load("a.yaml");
      EXPECT_FALSE(recipe.arms.empty());
      EXPECT_LT(recipe.baseline, recipe.arms.size());
      EXPECT_EQ(recipe.budgets.size(), recipe.arms.size());
      ++loaded;
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kInput) << "mutation " << number << "\n" << error.what();
      EXPECT_TRUE(Says(error.what(), "a.yaml:")) << text;
      ++refused;
    }
  }
  EXPECT_GT(loaded, 10);
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace upcycle
