#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/differences/compare_runs.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"

namespace upcycle {
namespace {

TEST(CompareSeries, FindsTheFirstAndTheLargestDifferenceOfCommonSteps) {
  const auto found = CompareSeries("loss", {{5, 1}, {10, 2}, {20, 3}, {30, 4}},
                                   {{10, 2}, {20, 3.5}, {30, 2}, {40, 9}, {50, 9}});
  EXPECT_EQ(found.points.size(), 3U);
  EXPECT_EQ(found.differing, 2);
  EXPECT_EQ(found.only_a, 1);
  EXPECT_EQ(found.only_b, 2);
  EXPECT_EQ(found.first->step, 20);
  EXPECT_EQ(found.largest->step, 30);
  EXPECT_EQ(found.largest->Difference(), -2);
}

TEST(CompareSeries, SeesTheLastBitAndNoDifferenceBetweenNan) {
  const double next = std::nextafter(0.1, 1);
  EXPECT_EQ(CompareSeries("x", {{1, 0.1}}, {{1, next}}).differing, 1);
  EXPECT_EQ(CompareSeries("x", {{1, 0.0}}, {{1, -0.0}}).differing, 1);
  EXPECT_TRUE(CompareSeries("x", {{1, NAN}}, {{1, NAN}}).IsSame());
  const auto diverged = CompareSeries("x", {{1, 9.0}, {2, 1.0}}, {{1, 1.0}, {2, NAN}});
  EXPECT_EQ(diverged.largest->step, 2);
}

Item Answer(int64_t number, bool correct, const char* record = "r") {
  return {.task = "arc", .number = number, .record = record, .correct = correct};
}

TEST(CompareAnswers, CountsWhoGotEachQuestionRight) {
  const auto found =
      CompareAnswers("arc", {Answer(0, true), Answer(1, true), Answer(2, false), Answer(3, false)},
                     {Answer(0, true), Answer(1, false), Answer(2, true), Answer(3, false)});
  EXPECT_EQ(found.asked, 4);
  EXPECT_EQ(found.both, 1);
  EXPECT_EQ(found.neither, 1);
  EXPECT_EQ(found.only_a, std::vector<int64_t>{1});
  EXPECT_EQ(found.only_b, std::vector<int64_t>{2});
  EXPECT_EQ(found.p, 1);
}

TEST(CompareAnswers, RefusesOtherQuestions) {
  EXPECT_TRUE(
      Says(CompareAnswers("arc", {Answer(0, true)}, {}).refused, "there are 1 in A and 0 in B"));
  EXPECT_TRUE(Says(CompareAnswers("arc", {Answer(0, true)}, {Answer(0, true, "s")}).refused,
                   "question 0 is not the same one in both"));
}

TEST(DifferenceText, CountsStepsBeforeItNamesThem) {
  StageDifference stage = {.place = StageRole::kTrain};
  stage.series = {CompareSeries("loss", {{5, 1}, {10, 2}}, {{5, 2}}),
                  CompareSeries("rate", {{5, 1}}, {{5, 1}, {10, 1}, {15, 1}})};
  const std::string text = DifferenceText({.runs = {{"moe", "moe", 0, 1, {stage}}}}, {});
  EXPECT_TRUE(Says(text,
                   "    loss: 1 of 1 steps differ; 1 step only in A\n"
                   "      first   step 5: 1 in A, 2 in B, +1\n"
                   "      largest step 5: 1 in A, 2 in B, +1\n"
                   "    rate: the same bits at 1 step; 2 steps only in B\n"));
}

TEST(DifferenceText, SaysNoDistanceFromWhatIsNoNumber) {
  StageDifference stage = {.place = StageRole::kTrain};
  stage.series = {CompareSeries("loss", {{5, NAN}}, {{5, 2}})};
  stage.results = {{.metric = "x", .a = 1, .b = INFINITY}};
  const std::string text = DifferenceText({.runs = {{"moe", "moe", 0, 1, {stage}}}}, {});
  EXPECT_TRUE(Says(text, "first   step 5: nan in A, 2 in B\n"));
  EXPECT_TRUE(Says(text, "result x: 1 in A, inf in B\n"));
}

// A ledger of two arms, whose second run of "moe" is another one's by an ulp.
class DifferenceTest : public testing::Test {
 protected:
  void Fill(const fs::path& path, double loss, const char* host) {
    LedgerWriter ledger(path);
    StudyRecord study = StudyOf({"dense", "moe"}, {0, 1});
    study.arms[1].settings = R"({"moe": {"top_k": 2}})";
    ledger.RecordStudy(study);
    for (const char* arm : {"dense", "moe"}) {
      CompleteRun(ledger, arm, 0,
                  {Event(AttemptStart{.host = host}), Point("train/loss", 10, 0.5),
                   Point("train/loss", 20, arm == std::string("moe") ? loss : 0.25),
                   Point("system/speed", 20, loss)},
                  {ResultEvent("validation/loss", 0.25)});
    }
  }

  ChosenRuns Choose(LedgerView& view, std::optional<std::string> arm = {},
                    std::optional<int64_t> seed = {}) {
    return {.name = "x", .study = view.ledger().ReadStudy("study"), .arm = arm, .seed = seed};
  }

  TemporaryFolder folder_;
};

TEST_F(DifferenceTest, OfTwoArmsIsInSettingsAndCurves) {
  Fill(LedgerIn(folder_), 0.125, "host");
  LedgerView view(LedgerIn(folder_));
  const Difference found =
      CompareRuns(Choose(view, "dense", 0), view, Choose(view, "moe", 0), view, false);
  ASSERT_EQ(found.arms.size(), 1U);
  EXPECT_EQ(found.arms[0].settings[0].path, "moe");
  ASSERT_EQ(found.runs.size(), 1U);
  ASSERT_EQ(found.runs[0].stages.size(), 4U);
  EXPECT_TRUE(found.runs[0].stages[1].same) << "of the parent";
  const StageDifference& train = found.runs[0].stages[2];
  EXPECT_FALSE(train.same_fingerprint);
  ASSERT_EQ(train.series.size(), 1U);
  EXPECT_EQ(train.series[0].first->step, 20);
  const std::string text = DifferenceText(found, {.points = true});
  EXPECT_TRUE(Says(text, "first   step 20: 0.25 in A, 0.125 in B, -0.125"));
  EXPECT_TRUE(Says(text, "step 10: 0.5 in A, 0.5 in B, +0"));
  EXPECT_TRUE(Says(text, "\ndense and moe: 1 setting differs\n"));
  EXPECT_TRUE(Says(text, "\ndense/0 and moe/0\n"));
  EXPECT_TRUE(Says(text, "evaluate: asked for the same of other inputs, and recorded the same"));
  EXPECT_TRUE(Says(text, "parent: the same stage"));
  EXPECT_TRUE(Says(text, "result validation/loss: 0.25 in both"));
}

TEST_F(DifferenceTest, OfOneStudyRunTwiceIsWhereBitsDiffer) {
  fs::create_directories(folder_ / "other");
  Fill(LedgerIn(folder_), 0.125, "first");
  Fill(folder_ / "other/ledger.sqlite", std::nextafter(0.125, 1), "second");
  LedgerView a(LedgerIn(folder_)), b(folder_ / "other/ledger.sqlite");
  const Difference found = CompareRuns(Choose(a), a, Choose(b), b, false);
  ASSERT_EQ(found.runs.size(), 4U);
  const std::string text = DifferenceText(found, {});
  EXPECT_TRUE(Says(text, "train: asked for the same, and recorded something else"));
  EXPECT_TRUE(Says(text, "first   step 20: 0.125 in A, 0.12500000000000003 in B"));
  EXPECT_TRUE(Says(text, "train: asked for the same, and recorded the same bits"));
  EXPECT_TRUE(Says(text, "made by host: first in A, second in B"));
  EXPECT_FALSE(Says(text, "system/"));
  EXPECT_TRUE(Says(text, "\nmoe/0\n"));
  EXPECT_FALSE(Says(text, "made by device: nothing")) << "where neither has begun";
  const auto json = nlohmann::json::parse(DifferenceJson(found));
  EXPECT_EQ(json.at("runs").at(2).at("stages").at(2).at("series").at(0).at("first").at("step"), 20);
}

TEST_F(DifferenceTest, NamesWhatHasNoPartner) {
  Fill(LedgerIn(folder_), 0.125, "host");
  fs::create_directories(folder_ / "other");
  LedgerWriter(folder_ / "other/ledger.sqlite").RecordStudy(StudyOf({"dense", "new"}, {1, 2}));
  LedgerView a(LedgerIn(folder_)), b(folder_ / "other/ledger.sqlite");
  const std::string text = DifferenceText(CompareRuns(Choose(a), a, Choose(b), b, false), {});
  for (const char* part : {"the arm moe is only in A", "the arm new is only in B",
                           "seed 0 of dense is only in A", "seed 2 of dense is only in B"}) {
    EXPECT_TRUE(Says(text, part));
  }
}

TEST_F(DifferenceTest, IsOfTwoOfAKind) {
  Fill(LedgerIn(folder_), 0.125, "host");
  LedgerView view(LedgerIn(folder_));
  const auto message = MessageOf(
      [&] { CompareRuns(Choose(view, "dense"), view, Choose(view, "moe", 0), view, false); });
  EXPECT_TRUE(Says(message, "two studies, two arms or two runs"));
}

TEST(CompareSettings, PairsTheArmsOfRecipesByName) {
  StudyRecord a = StudyOf({"dense", "moe"}, {0}), b = a;
  b.arms[1].settings = R"({"top_k": 1})";
  const Difference found = CompareSettings("a.yaml", a, "b.yaml", b);
  ASSERT_EQ(found.arms.size(), 2U);
  EXPECT_TRUE(found.arms[0].settings.empty());
  EXPECT_TRUE(Says(DifferenceText(found, {}), "top_k: nothing in A, 1 in B"));
}

}  // namespace
}  // namespace upcycle
