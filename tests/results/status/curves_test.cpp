#include "results/status/curves.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/ledger/live_reader.h"
#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class Curves : public ::testing::Test {
 protected:
  Curves() : writer(LedgerIn(folder)) { writer.RecordStudy(StudyOf({"dense", "routed"}, {0, 1})); }

  // Values of every `every`-th step up to `last` of a training of 1,000 steps.
  void Train(int64_t seed, int64_t last, int64_t every, double offset) {
    std::vector<JournalRecord> records;
    for (int64_t step = 0; step <= last; step += every) {
      records.push_back(Point(kTrainLoss, step, offset - 1e-3 * static_cast<double>(step)));
    }
    records.push_back(Event(R"({"event": "progress", "step": 1, "steps": 1000})"));
    IngestNext(writer, StageFor(StageRole::kTrain, "dense", seed), records);
  }

  std::vector<ArmCurve> Read(const CurveRequest& request) {
    LedgerReader reader(LedgerIn(folder));
    const StudyFacts study = reader.ReadStudy("study");
    return ReadCurves(reader, study, request);
  }

  TemporaryFolder folder;
  LedgerWriter writer;
};

TEST_F(Curves, ArePointsOfMeanLowestAndHighestSeed) {
  Train(0, 200, 100, 3.0);
  Train(1, 100, 100, 4.0);
  const auto curves = Read({.metric = kTrainLoss, .arms = {"dense", "routed"}});
  ASSERT_EQ(curves.size(), 2u);
  ASSERT_EQ(curves[0].points.size(), 3u);
  EXPECT_EQ(curves[0].steps, 1000);
  EXPECT_EQ(curves[0].points[1].step, 100);
  EXPECT_DOUBLE_EQ(curves[0].points[1].mean, 3.4);
  EXPECT_DOUBLE_EQ(curves[0].points[1].low, 2.9);
  EXPECT_DOUBLE_EQ(curves[0].points[1].high, 3.9);
  EXPECT_EQ(curves[0].points[2].seeds, 1);
  EXPECT_TRUE(curves[1].points.empty());
}

TEST_F(Curves, StayAsThinAsWasAskedAndEndAtTheNewestValue) {
  Train(0, 1000, 1, 3.0);
  const auto curves = Read({.metric = kTrainLoss, .arms = {"dense"}, .points = 10});
  EXPECT_LE(curves[0].points.size(), 11u);
  EXPECT_GE(curves[0].points.size(), 10u);
  EXPECT_EQ(curves[0].points.front().step, 0);
  EXPECT_EQ(curves[0].points.back().step, 1000);
  EXPECT_DOUBLE_EQ(curves[0].points.back().mean, 2.0);
}

TEST_F(Curves, TakeNoMoreSeedsThanWereAskedFor) {
  Train(0, 10, 10, 3.0);
  Train(1, 10, 10, 4.0);
  const auto curves = Read({.metric = kTrainLoss, .arms = {"dense"}, .points = 10, .seeds = 1});
  EXPECT_EQ(curves[0].points.back().seeds, 1);
}

TEST_F(Curves, LeaveOutWhatIsNotFinite) {
  IngestNext(writer, StageFor(StageRole::kTrain, "dense", 0),
             {Point(kTrainLoss, 0, 1.0), Point(kTrainLoss, 1, std::nan("")),
              Event(R"({"event": "progress", "step": 1, "steps": 4})")});
  const auto curves = Read({.metric = kTrainLoss, .arms = {"dense"}});
  ASSERT_EQ(curves[0].points.size(), 1u);
  EXPECT_EQ(curves[0].points[0].mean, 1.0);
}

TEST_F(Curves, OfAnUnknownMetricAreEmptyAndOfAnUnknownArmAbsent) {
  Train(0, 10, 10, 3.0);
  EXPECT_TRUE(Read({.metric = "nothing", .arms = {"dense"}})[0].points.empty());
  EXPECT_TRUE(Read({.metric = kTrainLoss, .arms = {"nobody"}}).empty());
}

TEST_F(Curves, OfTrainingsThatTellNoStepsGoAsFarAsTheirValues) {
  IngestNext(writer, StageFor(StageRole::kTrain, "dense", 0),
             {Point(kTrainLoss, 0, 2.0), Point(kTrainLoss, 7, 1.0)});
  const auto curves = Read({.metric = kTrainLoss, .arms = {"dense"}});
  EXPECT_EQ(curves[0].steps, 7);
  EXPECT_EQ(curves[0].points.size(), 2u);
}

TEST_F(Curves, AreShortAsJson) {
  const std::vector<ArmCurve> curves = {{"a", 7, {{3, 1.0 / 3, 0.25, 0.5, 2}}}};
  EXPECT_EQ(CurvesJson(curves).dump(),
            R"([{"arm":"a","points":[[3,0.333333,0.25,0.5,2]],"steps":7}])");
}

}  // namespace
}  // namespace upcycle
