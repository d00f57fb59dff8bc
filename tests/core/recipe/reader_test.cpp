#include "core/recipe/reader.h"

#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "core/recipe/document.h"
#include "core/recipe/path.h"
#include "core/recipe/settings.h"
#include "tests/says.h"

namespace upcycle {
namespace {

// Reads texts one on top of the other, as a recipe on top of its base.
class RunReader {
 public:
  void Read(const std::string& text) {
    sources_.push_back({"v", text, "/base", static_cast<int>(sources_.size()), false});
    if (const auto node = ParseDocument(sources_.back(), diagnostics_)) {
      ReadMapping(*node, settings_, "", reading());
    }
  }
  std::string Set(const std::string& path, const std::string& value) {
    sources_.push_back({"set", value, "/base", static_cast<int>(sources_.size()), true});
    const auto node = ParseDocument(sources_.back(), diagnostics_);
    return SetAt(settings_, ParsePath(path, {&sources_.back(), 1, 1}), *node, reading());
  }
  const RunSettings& settings() const { return settings_; }
  std::string mistakes() const { return diagnostics_.Text(); }
  const Places& places() const { return places_; }

 private:
  Reading reading() { return {diagnostics_, places_, known_paths_}; }

  std::deque<SourceText> sources_;
  Diagnostics diagnostics_;
  Places places_;
  std::vector<std::string> known_paths_ = PathsOf<RunSettings>();
  RunSettings settings_;
};

TEST(Reader, SetsWhatIsWrittenAndLeavesTheRest) {
  RunReader reader;
  reader.Read("moe: {top_k: 4}\ntrain:\n  optimizer: {beta1: 0.8}\n");
  EXPECT_EQ(reader.mistakes(), "");
  EXPECT_EQ(reader.settings().moe.top_k, 4);
  EXPECT_EQ(reader.settings().moe.expansion, MoeSettings{}.expansion);
  EXPECT_EQ(reader.settings().train.optimizer.beta1, 0.8);
  EXPECT_EQ(reader.settings().train.optimizer.beta2, OptimizerSettings{}.beta2);
}

TEST(Reader, MergesMappingsAndReplacesLists) {
  RunReader reader;
  reader.Read(
      "moe: {top_k: 4, layers: [0, 1]}\ndata: {train: [{name: a}, {name: b, weight: 2}]}\n");
  reader.Read("moe: {expansion: 16, layers: [2]}\ndata: {train: [{name: c}]}\n");
  EXPECT_EQ(reader.settings().moe.top_k, 4);
  EXPECT_EQ(reader.settings().moe.expansion, 16);
  EXPECT_EQ(reader.settings().moe.layers.layers, std::vector<int64_t>{2});
  ASSERT_EQ(reader.settings().data.train.size(), 1u);
  EXPECT_EQ(reader.settings().data.train[0].name, "c");
  EXPECT_EQ(reader.settings().data.train[0].weight, 1);
}

TEST(Reader, TakesAShorthandForItsMapping) {
  RunReader reader;
  reader.Read("upcycle: {method: copy, scaling: exact}\n");
  reader.Read("upcycle: none\n");
  EXPECT_EQ(reader.settings().upcycle.method, UpcycleMethod::kNone);
  EXPECT_EQ(reader.settings().upcycle.scaling, WeightScaling::kExact);
}

TEST(Reader, TakesAnEmptySectionForNoChange) {
  RunReader reader;
  reader.Read("moe:\n  # top_k: 3\ntrain:\n");
  EXPECT_EQ(reader.mistakes(), "");
}

TEST(Reader, RefusesAnEmptyShorthand) {
  RunReader reader;
  reader.Read("upcycle:\n");
  EXPECT_EQ(reader.mistakes(),
            "v:1:1: error: upcycle.method has no value\n"
            "  upcycle:\n"
            "  ^\n"
            "  expected one of none, copy, virtual_groups, scratch, drop, noise, qwen, split, "
            "branch_train_mix\n"
            "  did you mean \"none\"?\n");
}

TEST(Reader, SuggestsAKeyOfTheSameMapping) {
  RunReader reader;
  reader.Read("moe: {topk: 2}\n");
  EXPECT_EQ(reader.mistakes(),
            "v:1:7: error: there is no key \"topk\" in moe\n"
            "  moe: {topk: 2}\n"
            "        ^\n"
            "  did you mean \"top_k\"?\n");
}

TEST(Reader, SuggestsTheFullPathOfAKeyThatIsElsewhere) {
  RunReader reader;
  reader.Read("top_k: 2\ntrain: {peak: 1e-3}\nparent: {beta1: 0.9}\n");
  EXPECT_EQ(reader.mistakes(),
            "v:1:1: error: there is no key \"top_k\" in a recipe\n"
            "  top_k: 2\n"
            "  ^\n"
            "  did you mean \"moe.top_k\"?\n"
            "v:2:9: error: there is no key \"peak\" in train\n"
            "  train: {peak: 1e-3}\n"
            "          ^\n"
            "  did you mean \"train.learning_rate.peak\"?\n"
            "v:3:10: error: there is no key \"beta1\" in parent\n"
            "  parent: {beta1: 0.9}\n"
            "           ^\n"
            "  did you mean \"parent.train.optimizer.beta1\"?\n");
}

TEST(Reader, SaysThatAKeyBelongsToTheTopLevel) {
  RunReader reader;
  reader.Read("moe: {router: {train: 2}}\n");
  EXPECT_EQ(reader.mistakes(),
            "v:1:16: error: there is no key \"train\" in moe.router\n"
            "  moe: {router: {train: 2}}\n"
            "                 ^\n"
            "  expected \"train\" at the top level, beside \"moe\"\n");
}

TEST(Reader, SuggestsAKeyThatIsSpeltAlikeElsewhere) {
  RunReader reader;
  reader.Read("capacity: 2\n");
  EXPECT_EQ(reader.mistakes(),
            "v:1:1: error: there is no key \"capacity\" in a recipe\n"
            "  capacity: 2\n"
            "  ^\n"
            "  did you mean \"moe.capacity_factor\"?\n");
}

TEST(Reader, ListsTheKeysWhereNoneIsNear) {
  RunReader reader;
  reader.Read("upcycle: {colour: red}\n");
  EXPECT_EQ(reader.mistakes(),
            "v:1:11: error: there is no key \"colour\" in upcycle\n"
            "  upcycle: {colour: red}\n"
            "            ^\n"
            "  expected one of method, scaling, ratio, noise_std, branches, branch_tokens, "
            "optimizer\n");
}

TEST(Reader, AsksForNestedKeysInPlaceOfADottedOne) {
  RunReader reader;
  reader.Read("train.learning_rate.peak: 1\n");
  EXPECT_EQ(reader.mistakes(),
            "v:1:1: error: there is no key \"train.learning_rate.peak\" in a recipe\n"
            "  train.learning_rate.peak: 1\n"
            "  ^\n"
            "  expected nested keys: train: {learning_rate: {peak: …}}\n");
}

TEST(Reader, RefusesTheWrongShape) {
  RunReader reader;
  reader.Read("moe: 3\nevaluate: [1]\ndata: {train: {kind: atlas}, validation: [x]}\n");
  EXPECT_EQ(reader.mistakes(),
            "v:1:6: error: moe cannot be \"3\"\n"
            "  moe: 3\n"
            "       ^\n"
            "  expected a mapping with keys among expansion, granularity, top_k, layers, "
            "capacity_factor, drop_policy, router, shared_expert\n"
            "v:2:11: error: evaluate cannot be a list\n"
            "  evaluate: [1]\n"
            "            ^\n"
            "  expected a mapping with keys among sequences, questions, shots, style, "
            "capacity_factor, precision, benchmarks\n"
            "v:3:15: error: data.train cannot be a mapping\n"
            "  data: {train: {kind: atlas}, validation: [x]}\n"
            "                ^\n"
            "  expected a list of mappings\n"
            "v:3:43: error: data.validation.0 cannot be \"x\"\n"
            "  data: {train: {kind: atlas}, validation: [x]}\n"
            "                                            ^\n"
            "  expected a mapping with keys among name, kind, files, weight, people, world_seed, "
            "text_key, separator, token_type\n");
}

TEST(Reader, RefusesARecipeThatIsNoMapping) {
  RunReader reader;
  reader.Read("- a\n- b\n");
  EXPECT_EQ(reader.mistakes().substr(0, 43), "v:1:1: error: a recipe cannot be a list\n  -");
}

TEST(Reader, RemembersWhereThingsWereWritten) {
  RunReader reader;
  reader.Read("moe:\n  top_k: 4\ndata:\n  train: [{weight: 2}]\n");
  EXPECT_EQ(reader.places().Find("moe.top_k")->ToString(), "v:2:10");
  EXPECT_EQ(reader.places().Find("data.train.0.weight")->ToString(), "v:4:20");
  EXPECT_EQ(reader.places().Find("moe.expansion")->ToString(), "v:1:1");  // its mapping
  EXPECT_EQ(reader.places().Find("train.tokens"), std::nullopt);
  EXPECT_FALSE(reader.places().Has("moe.expansion"));
}

TEST(Reader, ForgetsThePlacesInsideAListThatIsReplaced) {
  RunReader reader;
  reader.Read("data: {train: [{weight: 2}]}\n");
  reader.Read("\ndata: {train: [{name: x}]}\n");
  EXPECT_EQ(reader.places().Find("data.train.0.weight")->ToString(), "v:2:16");  // its mapping
}

TEST(SetAt, SetsOneSettingAndNamesIt) {
  RunReader reader;
  reader.Read("data: {train: [{name: a}, {name: b}]}\n");
  EXPECT_EQ(reader.Set("train.learning_rate.peak", "3e-4"), "train.learning_rate.peak");
  EXPECT_EQ(reader.settings().train.learning_rate.peak, 3e-4);
  EXPECT_EQ(reader.Set("upcycle", "copy"), "upcycle.method");
  EXPECT_EQ(reader.settings().upcycle.method, UpcycleMethod::kCopy);
  EXPECT_EQ(reader.Set("moe.router", "{init_std: 0.5}"), "moe.router");
  EXPECT_EQ(reader.settings().moe.router.init_std, 0.5);
  EXPECT_EQ(reader.Set("data.train.1.weight", "3"), "data.train.1.weight");
  EXPECT_EQ(reader.settings().data.train[1].weight, 3);
  EXPECT_EQ(reader.Set("data.train", "[{kind: atlas}]"), "data.train");
  EXPECT_EQ(reader.settings().data.train.size(), 1u);
  EXPECT_EQ(reader.mistakes(), "");
}

TEST(SetAt, SaysWhereAPathGoesWrong) {
  RunReader reader;
  reader.Read("data: {train: [{name: a}]}\n");
  EXPECT_EQ(reader.Set("moe.roter.order", "x"), "");
  EXPECT_EQ(reader.Set("moe.top_k.x", "1"), "");
  EXPECT_EQ(reader.Set("data.train.1.weight", "1"), "");
  EXPECT_EQ(reader.Set("data.validation.0.weight", "1"), "");
  EXPECT_EQ(reader.Set("", "1"), "");
  EXPECT_EQ(reader.mistakes().find("error: there is no key \"roter\" in moe\n"
                                   "  did you mean \"router\"?\n"),
            5u);
  EXPECT_TRUE(Says(reader.mistakes(),
                   "there is no key \"x\" in moe.top_k\n"
                   "  expected moe.top_k alone: it is a value\n"));
  EXPECT_TRUE(Says(reader.mistakes(),
                   "there is no item \"1\" in data.train\n"
                   "  expected a number from 0 to 0\n"));
  EXPECT_TRUE(Says(reader.mistakes(),
                   "there is no item \"0\" in data.validation\n"
                   "  expected a list that has items\n"));
  EXPECT_TRUE(Says(reader.mistakes(), "there is no key \"\" in a recipe"));
}

TEST(SetAt, PutsTheCaretUnderTheStepThatIsWrong) {
  const SourceText source{"v", "moe.roter.order: x", "/", 0, false};
  const SettingPath path = ParsePath("moe.roter.order", {&source, 1, 1});
  EXPECT_EQ(path.steps[1].place.ToString(), "v:1:5");
  EXPECT_EQ(path.steps[2].place.ToString(), "v:1:11");
}

}  // namespace
}  // namespace upcycle
