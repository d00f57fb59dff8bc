#include "results/ledger/ledger_reader.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

TEST(UnknownStudy, IsAnsweredWithTheNearestNameAndAll) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  for (const char* name : {"quickstart", "routing"}) {
    StudyRecord study = StudyOf({"dense"}, {0});
    study.name = name;
    writer.RecordStudy(study);
  }
  LedgerReader reader(LedgerIn(folder));
  EXPECT_EQ(MessageOf([&] { reader.ReadStudy("quikcstart"); }),
            "there is no study \"quikcstart\" in " + LedgerIn(folder).native() +
                "; did you mean \"quickstart\"? It has quickstart, routing");
}

TEST(UnknownStudy, IsAnsweredInAnEmptyLedgerToo) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  LedgerReader reader(LedgerIn(folder));
  EXPECT_EQ(MessageOf([&] { reader.ReadStudy("x"); }),
            "there is no study \"x\" in " + LedgerIn(folder).native() +
                ", which has none yet: run a recipe first");
}

TEST(UnknownStudy, IsAnsweredWithAllWhereNoneIsNear) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  writer.RecordStudy(StudyOf({"dense"}, {0}));
  LedgerReader reader(LedgerIn(folder));
  EXPECT_EQ(MessageOf([&] { reader.ReadStudy("x"); }),
            "there is no study \"x\" in " + LedgerIn(folder).native() + ". It has study");
}

TEST(DamagedValues, AreSaidWithTheLedgersPath) {
  const char* const damages[] = {
      "UPDATE stage SET fingerprint = '0af5' WHERE kind = 'parent'",
      "UPDATE arm SET settings = '{' WHERE name = 'dense'",
      "UPDATE arm SET cost = '[]' WHERE name = 'dense'",
      "UPDATE study SET table_settings = '{\"digits\": \"many\"}'",
  };
  for (const char* damage : damages) {
    const TemporaryFolder folder;
    LedgerWriter(LedgerIn(folder)).RecordStudy(StudyOf({"dense"}, {0}));
    Database(LedgerIn(folder), Database::Mode::kWrite).Execute(damage);
    const std::string message =
        MessageOf([&] { LedgerReader(LedgerIn(folder)).ReadStudy("study"); });
    EXPECT_TRUE(Says(message, LedgerIn(folder).native() + " is damaged: ")) << damage;
    EXPECT_TRUE(Says(message, "restore a copy")) << damage;
  }
}

class Values : public ::testing::Test {
 protected:
  Values() : writer(LedgerIn(folder)) { writer.RecordStudy(StudyOf({"dense", "routed"}, {0})); }

  // What the runs of both arms have of a metric; empty: nothing.
  std::vector<std::optional<double>> Read(const std::string& metric) {
    LedgerReader reader(LedgerIn(folder));
    StudyFacts study = reader.ReadStudy("study");
    reader.ReadValues(&study, std::vector<std::string>{metric});
    std::vector<std::optional<double>> values;
    for (const ArmFacts& arm : study.arms) {
      const auto found = arm.runs[0].values.find(metric);
      values.push_back(found == arm.runs[0].values.end() ? std::nullopt
                                                         : std::optional(found->second.value));
    }
    return values;
  }
  using Found = std::vector<std::optional<double>>;

  TemporaryFolder folder;
  LedgerWriter writer;
};

TEST_F(Values, ComeFromTheEvaluationBeforeTheTraining) {
  CompleteRun(writer, "dense", 0, {Point("validation/loss", 9, 4.0)},
              {ResultEvent("validation/loss", 3.5)});
  EXPECT_EQ(Read("validation/loss"), (Found{3.5, std::nullopt}));
}

TEST_F(Values, ComeFromTheNewestPointOfTrainingWhereNoEvaluationHasThem) {
  CompleteRun(writer, "routed", 0,
              {Point("moe/load_entropy", 1, 0.5), Point("moe/load_entropy", 2, 0.75)},
              {ResultEvent("validation/loss", 3.5)});
  EXPECT_EQ(Read("moe/load_entropy"), (Found{std::nullopt, 0.75}));
}

TEST_F(Values, OfSeveralMetricsEachComeFromItsOwnSource) {
  CompleteRun(writer, "dense", 0,
              {Point("validation/loss", 9, 4.0), Point("moe/load_entropy", 2, 0.75)},
              {ResultEvent("validation/loss", 3.5)});
  LedgerReader reader(LedgerIn(folder));
  StudyFacts study = reader.ReadStudy("study");
  reader.ReadValues(
      &study, std::vector<std::string>{"moe/load_entropy", "nobody/knows", "validation/loss"});
  const auto& values = study.arms[0].runs[0].values;
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values.at("validation/loss").value, 3.5);
  EXPECT_EQ(values.at("moe/load_entropy").value, 0.75);
}

TEST_F(Values, AreOfOneKindForAllRuns) {
  CompleteRun(writer, "dense", 0, {Point("validation/loss", 9, 4.0)}, {ResultEvent("x", 1)});
  CompleteRun(writer, "routed", 0, {}, {ResultEvent("validation/loss", 3.5)});
  EXPECT_EQ(Read("validation/loss"), (Found{std::nullopt, 3.5}));
}

TEST_F(Values, WaitForTheRunToBeComplete) {
  IngestNext(writer, StageFor(StageRole::kTrain, "dense", 0), {Point("validation/loss", 9, 4.0)});
  writer.SetStageState(StageFor(StageRole::kTrain, "dense", 0), StageState::kComplete);
  EXPECT_EQ(Read("validation/loss"), (Found{std::nullopt, std::nullopt}));
}

TEST_F(Values, NeverComeFromTheParent) {
  IngestNext(writer, StageFor(StageRole::kParent), {ResultEvent("validation/loss", 4.5)});
  CompleteRun(writer, "dense", 0, {}, {ResultEvent("x", 1)});
  EXPECT_EQ(Read("validation/loss"), (Found{std::nullopt, std::nullopt}));
}

TEST_F(Values, OfAMetricThatNobodyRecordedAreNotThere) {
  EXPECT_EQ(Read("nobody/knows"), (Found{std::nullopt, std::nullopt}));
}

TEST(StateOfRun, IsDecidedByTheStageThatHoldsItUp) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  writer.RecordStudy(StudyOf({"dense"}, {0, 1}));
  const auto state = [&] {
    const StudyFacts study = LedgerReader(LedgerIn(folder)).ReadStudy("study");
    return StateOfRun(study, study.arms[0].runs[0]);
  };
  EXPECT_EQ(state(), StageState::kPlanned);
  writer.SetStageState(StageFor(StageRole::kTrain, "dense", 0), StageState::kWaiting);
  EXPECT_EQ(state(), StageState::kWaiting);
  writer.SetStageState(StageFor(StageRole::kParent), StageState::kRunning);
  EXPECT_EQ(state(), StageState::kRunning);
  writer.SetStageState(StageFor(StageRole::kParent), StageState::kFailed);
  EXPECT_EQ(state(), StageState::kFailed);
  writer.SetStageState(StageFor(StageRole::kEvaluate, "dense", 0), StageState::kComplete);
  EXPECT_EQ(state(), StageState::kComplete);
}

TEST(Snapshot, WithinAnotherSeesWhatThatOneSees) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  writer.RecordStudy(StudyOf({"dense"}, {0}));
  LedgerReader reader(LedgerIn(folder));
  {
    const Transaction outer = reader.Snapshot();
    EXPECT_EQ(reader.StudyNames(), std::vector<std::string>{"study"});
    StudyRecord later = StudyOf({"dense"}, {0});
    later.name = "later";
    writer.RecordStudy(later);
    {
      const Transaction inner = reader.Snapshot();
      EXPECT_EQ(reader.StudyNames(), std::vector<std::string>{"study"});
    }
    EXPECT_EQ(reader.StudyNames(), std::vector<std::string>{"study"}) << "the outer one is over";
  }
  EXPECT_EQ(reader.StudyNames(), (std::vector<std::string>{"later", "study"}));
}

}  // namespace
}  // namespace upcycle
