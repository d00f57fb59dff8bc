#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "results/evaluations/evaluation_table.h"
#include "results/evaluations/item_difference.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"

namespace upcycle {
namespace {

std::vector<Item> Items(const std::vector<bool>& correct) {
  std::vector<Item> items;
  for (size_t i = 0; i < correct.size(); ++i) {
    items.push_back({.task = "piqa",
                     .number = static_cast<int64_t>(i),
                     .record = fmt::format("r{}", i),
                     .correct = correct[i]});
  }
  return items;
}

// Differences 0, 1, 1, -1, 0: their mean is 0.2, their deviation sqrt(0.7); t(4) of 95 % is 2.776.
TEST(AccuracyDifference, IsThatOfPairedItems) {
  const Summary found = AccuracyDifference(Items({true, true, true, false, false}),
                                           Items({true, false, false, true, false}), 0.95);
  EXPECT_NEAR(found.mean, 0.2, 1e-15);
  EXPECT_NEAR(found.half_width, 2.7764451051977987 * std::sqrt(0.7 / 5), 1e-12);
}

TEST(AccuracyDifference, RefusesAnswersToOtherQuestions) {
  std::vector<Item> other = Items({true, false});
  const auto message = [&] {
    return MessageOf([&] { AccuracyDifference(Items({true, true}), other, 0.95); });
  };
  other[1].record = "another";
  EXPECT_TRUE(Says(message(), "question 1 of piqa is another one"));
  other.pop_back();
  EXPECT_TRUE(Says(message(), "was asked 2 questions and the other 1"));
}

const StagePlace kPiqa(StageRole::kBenchmark, 0), kPride(StageRole::kBenchmark, 1);

Fingerprint StageOf(const std::string& model, const StagePlace& place) {
  return Hasher().Add(model).Add(NameOf(place)).Finish();
}

// Two models that were asked two questions, and read a text.
StudyRecord TwoModels() {
  StudyRecord study;
  study.name = "models";
  study.metric = "piqa/accuracy";
  study.preference = Preference::kHigher;
  for (const std::string model : {"one", "two"}) {
    ArmRecord arm = {.name = model};
    RunRecord run;
    for (const StagePlace& place : {kPiqa, kPride}) {
      run.stages[place] = StageOf(model, place);
      study.stages.push_back({StageOf(model, place), "benchmark", "{}", {}});
    }
    arm.runs = {run};
    study.arms.push_back(arm);
  }
  return study;
}

class EvaluationTest : public testing::Test {
 protected:
  EvaluationTest() { ledger_.RecordStudy(TwoModels()); }

  void Answer(const std::string& model, const std::vector<bool>& correct) {
    std::vector<JournalRecord> records;
    double right = 0;
    for (size_t i = 0; i < correct.size(); ++i) {
      right += correct[i];
      records.push_back(Event(fmt::format(
          R"({{"event": "item", "task": "piqa", "number": {}, "record": "r{}", "answer": 0,
              "correct": {}, "log_likelihoods": [-1, -2]}})",
          i, i, correct[i])));
    }
    records.push_back(ResultEvent("piqa/accuracy", right / static_cast<double>(correct.size())));
    Complete(StageOf(model, kPiqa), records);
  }

  void Read(const std::string& model, double loss) {
    Complete(StageOf(model, kPride), {ResultEvent("pride/loss", loss)});
  }

  void Complete(const Fingerprint& stage, const std::vector<JournalRecord>& records) {
    IngestNext(ledger_, stage, records);
    ledger_.SetStageState(stage, StageState::kComplete, "");
  }

  std::vector<std::vector<std::string>> Texts() {
    LedgerReader reader(LedgerIn(folder_));
    return CellTexts(EvaluationTable(reader, "models"));
  }

  TemporaryFolder folder_;
  LedgerWriter ledger_{LedgerIn(folder_)};
};

TEST_F(EvaluationTest, ShowsModelsSideBySideWithTheirPairedDifference) {
  Answer("one", {true, false, false, false});
  Answer("two", {true, true, true, false});
  Read("one", 2.5);
  Read("two", 2.25);
  EXPECT_EQ(Texts(), (std::vector<std::vector<std::string>>{
                         {"piqa", "one", "–", "0.25", "–", "–"},
                         {"piqa", "two", "–", "0.75", "–", "+0.50 ± 0.92"},
                         {"pride", "one", "–", "–", "2.5", "–"},
                         {"pride", "two", "–", "–", "2.25", "–"}}));
}

TEST_F(EvaluationTest, LeavesOutAModelThatHasNotAnsweredAndSaysSo) {
  Answer("one", {true});
  Read("one", 2.5);
  Answer("two", {true});
  EXPECT_EQ(Texts().size(), 2u);
  LedgerReader reader(LedgerIn(folder_));
  const Table table = EvaluationTable(reader, "models");
  EXPECT_TRUE(Says(table.notes.back(), "two has not answered all"));
}

TEST_F(EvaluationTest, SaysWhosePromptsLostTheirBeginning) {
  const auto answer = [&](const std::string& model, double share) {
    Complete(StageOf(model, kPiqa), {ResultEvent("piqa/accuracy", 0.5),
                                     Event(fmt::format(R"({{"event": "result", "count": 8,
                                         "metric": "piqa/truncated_prompts", "value": {}}})",
                                                       share))});
    Read(model, 2.5);
  };
  answer("one", 0);
  answer("two", 0.375);
  LedgerReader reader(LedgerIn(folder_));
  const Table table = EvaluationTable(reader, "models");
  ASSERT_EQ(table.notes.size(), 3u);
  EXPECT_TRUE(Says(table.notes.back(),
                   "Of the 8 prompts of piqa, 37.5 % were longer than the sequences of two"));
}

TEST_F(EvaluationTest, GivesEverythingInFullPrecision) {
  Answer("one", {true, false, false});
  Read("one", 2.5);
  LedgerReader reader(LedgerIn(folder_));
  const auto json = nlohmann::json::parse(EvaluationJson(reader, "models"));
  EXPECT_EQ(json.at("models").at(0).at("name"), "one");
  EXPECT_EQ(json.at("models").at(0).at("results").at(0).at("metric"), "piqa/accuracy");
  EXPECT_EQ(json.at("models").at(0).at("results").at(0).at("value"), 1.0 / 3);
  EXPECT_TRUE(json.at("models").at(1).at("results").empty());
}

}  // namespace
}  // namespace upcycle
