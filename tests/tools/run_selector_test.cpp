#include "tools/terminal/run_selector.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"

namespace upcycle {
namespace {

const StudyRecord& Study() {
  static const StudyRecord study = StudyOf({"dense", "routed", "routed/wide", "beef1"}, {0, 7});
  return study;
}

RunSelector Parse(std::string_view word) { return ParseRunSelector(word, Study()); }

std::string Refusal(std::string_view word) {
  return MessageOf([&] { Parse(word); });
}

TEST(RunSelector, NamesArmsRunsAndStages) {
  EXPECT_EQ(Parse("routed"), (RunSelector{.arm = "routed"}));
  EXPECT_EQ(Parse("routed/7"), (RunSelector{.arm = "routed", .seed = 7}));
  EXPECT_EQ(Parse("routed/7/train"),
            (RunSelector{.arm = "routed", .seed = 7, .place = StageRole::kTrain}));
}

TEST(RunSelector, TakesTheLongestNameOfAnArmThatFits) {
  EXPECT_EQ(Parse("routed/wide"), (RunSelector{.arm = "routed/wide"}));
  EXPECT_EQ(Parse("routed/wide/0"), (RunSelector{.arm = "routed/wide", .seed = 0}));
}

TEST(RunSelector, SaysWhatWasMeantPerhaps) {
  EXPECT_TRUE(
      Says(Refusal("ruoted/0"), "no arm \"ruoted\"; did you mean \"routed\"? It has dense"));
  EXPECT_TRUE(Says(Refusal("routed/8"), "the arm routed has no seed \"8\". It has 0, 7"));
  EXPECT_TRUE(Says(Refusal("routed/"), "the arm routed has no seed \"\""));
  EXPECT_TRUE(Says(Refusal("routed/0/trian"), "no stage \"trian\"; did you mean \"train\"?"));
  EXPECT_TRUE(Says(Refusal("routed/0/train/0"), "no stage \"train/0\""));
  EXPECT_TRUE(Says(Refusal("route"), "did you mean \"routed\"?"));
  EXPECT_TRUE(Says(Refusal(""), "no arm \"\""));
}

TEST(RunSelector, SelectsStagesEachOnceRunByRun) {
  const auto both = SelectStages({"routed/0", "dense/0"}, Study());
  const std::vector<Fingerprint> expected = {StageFor(StageRole::kTokens),
                                             StageFor(StageRole::kParent),
                                             StageFor(StageRole::kTrain, "dense", 0),
                                             StageFor(StageRole::kEvaluate, "dense", 0),
                                             StageFor(StageRole::kTrain, "routed", 0),
                                             StageFor(StageRole::kEvaluate, "routed", 0)};
  EXPECT_EQ(both, expected);
  EXPECT_EQ(SelectStages({}, Study()).size(), Study().stages.size());
}

TEST(RunSelector, SelectsStagesByTheirFirstDigits) {
  const Fingerprint stage = StageFor(StageRole::kTrain, "routed", 7);
  EXPECT_EQ(SelectStages({stage.Hex()}, Study()), std::vector{stage});
  EXPECT_EQ(SelectStages({stage.Short()}, Study()), std::vector{stage});
  EXPECT_EQ(SelectStages({"beef1"}, Study()).size(), 6u);  // an arm's name goes first
  const auto refusal = MessageOf([] { SelectStages({"0123456789ab"}, Study()); });
  EXPECT_TRUE(Says(refusal, "nor a stage whose fingerprint begins so"));
}

}  // namespace
}  // namespace upcycle
