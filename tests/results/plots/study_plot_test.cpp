#include "results/plots/study_plot.h"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "results/plots/draw_svg.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr const char* kSettings =
    R"({{"model": {{"sequence_length": 10}}, "train": {{"batch_sequences": 4, "tokens": {}}}}})";

// Steps of 40 tokens at 6 FLOPs a token.
StudyRecord PlottedStudy(const std::vector<std::string>& arms, const std::vector<int64_t>& seeds) {
  StudyRecord study = StudyOf(arms, seeds);
  study.matched_on = "train_flops";
  for (ArmRecord& arm : study.arms) {
    arm.settings = fmt::format(fmt::runtime(kSettings), 1200);
    arm.cost.train_tokens = 1200;
    arm.cost.train_flops = 7200;
  }
  return study;
}

class PlotStudyTest : public testing::Test {
 protected:
  // Losses at steps 10, 20 and 30: `first`, and each a tenth lower.
  static std::vector<JournalRecord> Training(double first, int64_t last_step = 30) {
    std::vector<JournalRecord> records;
    for (int64_t step = 10; step <= last_step; step += 10) {
      const double loss = first - static_cast<double>(step) / 100;
      records.push_back(Point("validation/loss", step, loss));
      records.push_back(Point("train/learning_rate", step, 0.1 / static_cast<double>(step)));
      records.push_back(Point("system/tokens_per_second", step, 40));
    }
    return records;
  }

  void Complete(const std::string& arm, int64_t seed, double loss) {
    CompleteRun(ledger_, arm, seed, Training(loss), {ResultEvent("validation/loss", loss)});
  }

  // Two arms with two seeds each; routed is better by 0.1 and 0.3.
  void RecordUsualStudy() {
    ledger_.RecordStudy(PlottedStudy({"dense", "routed"}, {0, 1}));
    Complete("dense", 0, 1.0), Complete("dense", 1, 1.2);
    Complete("routed", 0, 0.9), Complete("routed", 1, 0.9);
  }

  StudyPlot Draw(const PlotRequest& request) {
    LedgerReader reader(LedgerIn(folder_));
    return PlotStudy(reader, "study", request);
  }
  Panel PanelOf(const PlotRequest& request) {
    StudyPlot found = Draw(request);
    EXPECT_EQ(found.why_not, "");
    return found.plot.value().rows.at(0).at(0);
  }

  TemporaryFolder folder_;
  LedgerWriter ledger_{LedgerIn(folder_)};
};

std::vector<double> Xs(const Series& series) {
  std::vector<double> xs;
  for (const Spot& spot : series.spots) xs.push_back(spot.x);
  return xs;
}

TEST_F(PlotStudyTest, CurvesAreMeansOverSeedsWithinTheirIntervals) {
  RecordUsualStudy();
  const Panel panel = PanelOf({});
  ASSERT_EQ(panel.series.size(), 2u);
  EXPECT_EQ(panel.series[0].name, "dense");
  EXPECT_EQ(panel.y.label, "validation/loss");
  EXPECT_EQ(panel.y.unit, "nats");
  EXPECT_NEAR(panel.series[0].spots[2].y, 1.1 - 0.3, 1e-12);
  ASSERT_EQ(panel.bands.size(), 2u);
  // t(0.975, 1) · s/√2 of 1.0 and 1.2: 12.706 · 0.1
  EXPECT_NEAR(panel.bands[0].spots[0].upper - panel.bands[0].spots[0].lower, 2 * 1.2706, 1e-3);
  EXPECT_EQ(panel.bands[1].spots[0].upper, panel.bands[1].spots[0].lower) << "equal seeds";
}

TEST_F(PlotStudyTest, CurvesCanBeAgainstAnythingThatTrainingIsCountedIn) {
  RecordUsualStudy();
  const auto xs = [&](Against against) { return Xs(PanelOf({.against = against}).series[0]); };
  EXPECT_EQ(xs(Against::kSteps), (std::vector<double>{10, 20, 30}));
  EXPECT_EQ(xs(Against::kTokens), (std::vector<double>{400, 800, 1200}));
  EXPECT_EQ(xs(Against::kFlops), (std::vector<double>{2400, 4800, 7200}));
  EXPECT_EQ(xs(Against::kTime), (std::vector<double>{10, 20, 30}));
  EXPECT_EQ(Xs(PanelOf({}).series[0]), xs(Against::kFlops)) << "what its arms are equal in";
}

TEST_F(PlotStudyTest, SaysWhereLinesDoNotEndAtTheValuesOfTables) {
  ledger_.RecordStudy(PlottedStudy({"dense"}, {0}));
  const std::vector<JournalRecord> training = Training(1.0);
  CompleteRun(ledger_, "dense", 0, training, {ResultEvent("validation/loss", 1.0 - 30.0 / 100)});
  EXPECT_FALSE(Says(Draw({}).plot->caption, "short validations"));
  EXPECT_FALSE(Says(Draw({.metric = "train/learning_rate"}).plot->caption, "short validations"));
  ledger_.RecordStudy(PlottedStudy({"dense"}, {0, 1}));
  CompleteRun(ledger_, "dense", 1, training, {ResultEvent("validation/loss", 0.75)});
  EXPECT_TRUE(Says(Draw({}).plot->caption,
                   "Values along the training are of short validations, those in tables of the "
                   "evaluation at its end: lines do not end at them."));
}

TEST_F(PlotStudyTest, AMeanEndsWhereASeedEndsAndTheOthersGoOnAlone) {
  ledger_.RecordStudy(PlottedStudy({"dense"}, {0, 1}));
  Complete("dense", 0, 1.0);
  IngestNext(ledger_, StageFor(StageRole::kTrain, "dense", 1), Training(1.2, 20));
  const StudyPlot found = Draw({});
  const Panel& panel = found.plot.value().rows[0][0];
  ASSERT_EQ(panel.series.size(), 2u);
  EXPECT_EQ(panel.series[0].spots.size(), 2u);
  EXPECT_EQ(panel.series[1].stroke, Stroke::kThin);
  EXPECT_EQ(panel.series[1].name, "");
  EXPECT_EQ(Xs(panel.series[1]), (std::vector<double>{4800, 7200}));
  EXPECT_TRUE(Says(found.plot->caption, "Thin lines: single seeds."));
}

TEST_F(PlotStudyTest, SeedsAreShownWhereThatIsAskedFor) {
  RecordUsualStudy();
  EXPECT_EQ(PanelOf({.seeds = true}).series.size(), 6u);
}

TEST_F(PlotStudyTest, WhatOnlyTheStartReachesDoesNotPressTheRestFlat) {
  ledger_.RecordStudy(PlottedStudy({"dense"}, {0}));
  std::vector<JournalRecord> records = {Point("validation/loss", 1, 100)};
  for (int64_t step = 11; step <= 101; step += 10) {
    records.push_back(Point("validation/loss", step, 2 - static_cast<double>(step) / 100));
  }
  CompleteRun(ledger_, "dense", 0, records, {ResultEvent("validation/loss", 1)});
  const StudyPlot found = Draw({.against = Against::kSteps});
  ASSERT_TRUE(found.plot->rows[0][0].y.range.has_value());
  EXPECT_LT(found.plot->rows[0][0].y.range->high, 3);
  EXPECT_TRUE(Says(found.plot->caption, "leaves out what only the first tenth reaches"));
}

TEST_F(PlotStudyTest, TheWideIntervalsOfTwoSeedsDoNotPressTheLinesFlat) {
  RecordUsualStudy();  // the lines lie between 0.6 and 1, the t interval of dense is ± 1.27
  const StudyPlot found = Draw({});
  const Axis& y = found.plot.value().rows[0][0].y;
  ASSERT_TRUE(y.range.has_value());
  EXPECT_NEAR(y.range->low, 0.6 - 0.55 * 0.4, 1e-9);
  EXPECT_NEAR(y.range->high, 1.0 + 0.55 * 0.4, 1e-9);
  EXPECT_TRUE(Says(found.plot->caption, "Bands reach beyond the y axis."));
}

TEST_F(PlotStudyTest, ManyArmsLeaveTheBaselineAndTheBest) {
  std::vector<std::string> names = {"dense"};
  for (int i = 0; i < 19; ++i) names.push_back(fmt::format("arm {}", i));
  ledger_.RecordStudy(PlottedStudy(names, {0}));
  for (size_t i = 0; i < names.size(); ++i) Complete(names[i], 0, 9 - static_cast<double>(i) / 10);
  const StudyPlot found = Draw({});
  const Panel& panel = found.plot->rows[0][0];
  ASSERT_EQ(panel.series.size(), 12u);
  EXPECT_EQ(panel.series[0].name, "dense");
  EXPECT_EQ(panel.series[1].name, "arm 8");
  EXPECT_EQ(panel.series[11].name, "arm 18");
  EXPECT_TRUE(Says(found.plot->caption, "Of 20 arms 12 are shown, the baseline and the best by"));
  EXPECT_EQ(PanelOf({.arms = {"arm 3", "dense"}}).series.size(), 2u);
}

TEST_F(PlotStudyTest, AForestHasEachArmsDifferenceAndVerdict) {
  RecordUsualStudy();
  const Panel panel = PanelOf({.kind = PlotKind::kForest});
  EXPECT_EQ(panel.y.categories, (std::vector<std::string>{"routed"}));
  EXPECT_EQ(panel.remarks, (std::vector<std::string>{"inconclusive"}));
  ASSERT_EQ(panel.marks.size(), 1u);
  EXPECT_NEAR(panel.marks[0].spot.x, -0.2, 1e-12);
  EXPECT_NEAR(panel.marks[0].half_width, 1.2706, 1e-3);
  EXPECT_TRUE(panel.marks[0].hollow);
  EXPECT_TRUE(Says(panel.marks[0].spot.title, "routed: −0.2 ± 1.3, inconclusive"));
  EXPECT_TRUE(Says(PanelOf({.kind = PlotKind::kForest, .wide = true}).remarks[0], "−0.2 ± 1.3"));
}

TEST_F(PlotStudyTest, AForestSaysWhichIntervalsItHas) {
  RecordUsualStudy();
  EXPECT_TRUE(Says(Draw({.kind = PlotKind::kForest}).plot->caption,
                   "lines: 95 % t intervals, not adjusted; verdicts at level 0.05"));
}

TEST_F(PlotStudyTest, AForestSaysThatIntervalsAreOfASequentialTest) {
  StudyRecord study = PlottedStudy({"dense", "routed"}, {0, 1, 2});
  study.table.first_seeds = study.table.most_seeds = 3;
  ledger_.RecordStudy(study);
  for (const int64_t seed : {0, 1, 2}) {
    Complete("dense", seed, 1.0 + 0.1 * double(seed)), Complete("routed", seed, 0.9);
  }
  EXPECT_TRUE(Says(Draw({.kind = PlotKind::kForest}).plot->caption,
                   "lines: 95 % repeated intervals of a sequential test, which hold however often "
                   "was looked, not adjusted for the number of arms; verdicts of sequential tests "
                   "at level 0.05"));
}

TEST_F(PlotStudyTest, AForestShowsNoDifferenceOfIncompletePairs) {
  ledger_.RecordStudy(PlottedStudy({"dense", "routed", "half"}, {0, 1}));
  for (const int64_t seed : {0, 1})
    Complete("dense", seed, 1.0 + double(seed)), Complete("routed", seed, 0.9);
  Complete("half", 0, 0.5);
  const Panel panel = PanelOf({.kind = PlotKind::kForest});
  EXPECT_EQ(panel.remarks[1], "incomplete");
  EXPECT_EQ(panel.marks.size(), 1u);
}

TEST_F(PlotStudyTest, ALoadIsACellForEachExpertAndTime) {
  ledger_.RecordStudy(PlottedStudy({"dense", "routed"}, {3}));
  Complete("dense", 3, 1);
  std::vector<JournalRecord> records;
  for (const int64_t step : {10, 20, 30}) {
    for (const char* place :
         {"layer_00/expert_000", "layer_00/expert_001", "layer_05/expert_000"}) {
      records.push_back(Point(fmt::format("moe/{}/load", place), step, 0.1 * double(step)));
    }
  }
  CompleteRun(ledger_, "routed", 3, records, {ResultEvent("validation/loss", 1)});
  const StudyPlot found = Draw({.kind = PlotKind::kLoad, .against = Against::kTokens});
  ASSERT_EQ(found.plot->rows.size(), 1u) << "the dense arm has none";
  const std::vector<Panel>& row = found.plot->rows[0];
  ASSERT_EQ(row.size(), 2u);
  EXPECT_EQ(row[1].title, "routed, layer 5");
  ASSERT_EQ(row[0].heat.size(), 2u);
  const HeatRow& first = row[0].heat[0];
  ASSERT_EQ(first.cells.size(), 3u);
  EXPECT_EQ(first.cells[1].x.low, 400);
  EXPECT_EQ(first.cells[1].x.high, 800);
  EXPECT_EQ(first.cells[1].value, 2);
  EXPECT_EQ(first.title, "expert 0: 1 to 3 of an even share, 3 at the end");
  EXPECT_EQ(row[0].heat[1].y.low, 0.5);
  EXPECT_TRUE(Says(found.plot->caption, "seed 3"));
  EXPECT_TRUE(Says(DrawSvg(*found.plot), "load, 1 is even"));
}

TEST_F(PlotStudyTest, AScheduleJoinsArmsThatShareIt) {
  RecordUsualStudy();
  const Panel panel = PanelOf({.kind = PlotKind::kSchedule});
  ASSERT_EQ(panel.series.size(), 1u);
  EXPECT_EQ(panel.series[0].name, "dense, routed");
  EXPECT_EQ(panel.series[0].spots[1].y, 0.005);
}

TEST_F(PlotStudyTest, ScalingPutsTheArmsOfOneMethodTogether) {
  StudyRecord study = PlottedStudy({"dense, 1k", "dense, 10k", "routed, 1k"}, {0, 1});
  for (size_t i : {0, 2}) study.arms[i].settings = fmt::format(fmt::runtime(kSettings), 1000);
  study.arms[1].cost.train_flops = 72000;
  study.arms[2].settings.insert(1, R"("upcycle": {"method": "copy"}, )");
  ledger_.RecordStudy(study);
  for (const int64_t seed : {0, 1}) {
    Complete("dense, 1k", seed, 1.5), Complete("dense, 10k", seed, 1.2);
    Complete("routed, 1k", seed, 1.4);
  }
  const Panel panel = PanelOf({.kind = PlotKind::kScaling});
  ASSERT_EQ(panel.marks.size(), 3u);
  EXPECT_EQ(panel.marks[0].name, "dense");
  EXPECT_EQ(panel.marks[1].name, "") << "named once";
  EXPECT_EQ(panel.marks[1].style, panel.marks[0].style);
  EXPECT_EQ(panel.marks[1].spot.x, 72000);
  EXPECT_EQ(panel.marks[2].name, "routed, 1k");
  EXPECT_NE(panel.marks[2].style, panel.marks[0].style);
  EXPECT_EQ(panel.x.scale, Scale::kLogarithmic);
}

// Five arms on 0.5 + 3·C^-0.5, a thousandth to either side.
TEST_F(PlotStudyTest, ScalingDrawsTheLawThatPointsTellAndSaysWhereTheyDoNot) {
  StudyRecord study = PlottedStudy({"dense a", "dense b", "dense c", "dense d", "dense e"}, {0});
  for (size_t i = 0; i < 5; ++i) study.arms[i].cost.train_flops = std::pow(10, i);
  ledger_.RecordStudy(study);
  for (size_t i = 0; i < 5; ++i) {
    const double loss = 0.5 + 3 * std::pow(10, -0.5 * static_cast<double>(i));
    Complete(study.arms[i].name, 0, loss * (i % 2 == 0 ? 1.001 : 0.999));
  }
  const StudyPlot all = Draw({.kind = PlotKind::kScaling});
  const Panel& panel = all.plot->rows[0][0];
  ASSERT_EQ(panel.series.size(), 1u);
  EXPECT_EQ(panel.series[0].stroke, Stroke::kFit);
  EXPECT_EQ(panel.series[0].style, panel.marks[0].style);
  EXPECT_NEAR(panel.series[0].spots.front().y, 3.5, 0.02);
  EXPECT_NEAR(panel.series[0].spots.back().y, 0.53, 0.01);
  EXPECT_TRUE(Says(all.plot->caption, "Law of dense: E + A·C^−α with E = 0.5"));
  ASSERT_EQ(panel.bands.size(), 1u);
  for (size_t i = 0; i < panel.series[0].spots.size(); ++i) {
    EXPECT_LT(panel.bands[0].spots[i].lower, panel.series[0].spots[i].y);
    EXPECT_GT(panel.bands[0].spots[i].upper, panel.series[0].spots[i].y);
  }
  EXPECT_TRUE(Says(all.plot->caption, "Bands: the 95 % profile intervals of a law's own value"));

  const StudyPlot few = Draw({.kind = PlotKind::kScaling, .arms = {"dense a", "dense c"}});
  EXPECT_TRUE(few.plot->rows[0][0].series.empty());
  EXPECT_TRUE(few.plot->rows[0][0].bands.empty());
  EXPECT_FALSE(Says(few.plot->caption, "Bands:"));
  EXPECT_TRUE(Says(few.plot->caption, "No law for dense: a law of three parameters needs"));
}

TEST_F(PlotStudyTest, SaysWhyThereIsNothingToPlot) {
  ledger_.RecordStudy(PlottedStudy({"dense", "routed"}, {0, 1}));
  const auto why = [&](PlotKind kind) { return Draw({.kind = kind}).why_not; };
  EXPECT_TRUE(Says(why(PlotKind::kCurves), "has recorded values yet; `upcycle status"));
  EXPECT_TRUE(Says(why(PlotKind::kSchedule), "has recorded values yet"));
  EXPECT_TRUE(Says(why(PlotKind::kForest), "can be compared with dense yet"));
  EXPECT_TRUE(Says(why(PlotKind::kLoad), "has recorded the load of single experts"));
  EXPECT_TRUE(Says(why(PlotKind::kScaling), "has a value of validation/loss and a count"));
  Complete("dense", 0, 1), Complete("routed", 0, 2);
  EXPECT_TRUE(Says(why(PlotKind::kScaling), "trained with the same compute"));
  EXPECT_TRUE(Says(Draw({.kind = PlotKind::kForest, .metric = "train/loss"}).why_not,
                   "judges differences of validation/loss only"));
}

TEST_F(PlotStudyTest, RefusesWhatTheStudyDoesNotHave) {
  RecordUsualStudy();
  EXPECT_TRUE(Says(MessageOf([&] { Draw({.metric = "validation/los"}); }),
                   "did you mean \"validation/loss\"?"));
  EXPECT_TRUE(
      Says(MessageOf([&] { Draw({.kind = PlotKind::kScaling, .metric = "train/learn_rate"}); }),
           "no results of \"train/learn_rate\"; did you mean \"train/learning_rate\"?"));
  EXPECT_TRUE(Says(MessageOf([&] { Draw({.arms = {"rooted"}}); }), "did you mean \"routed\"?"));
  LedgerReader reader(LedgerIn(folder_));
  EXPECT_TRUE(Says(MessageOf([&] { PlotStudy(reader, "studi", {}); }), "did you mean \"study\"?"));
}

TEST_F(PlotStudyTest, NamesTheMetricsOfExpertsAsOneFamily) {
  ledger_.RecordStudy(PlottedStudy({"routed"}, {0}));
  std::vector<JournalRecord> records = Training(1.0);
  for (int expert = 0; expert < 64; ++expert) {
    records.push_back(Point(fmt::format("moe/layer_00/expert_{:03}/load", expert), 10, 1));
  }
  CompleteRun(ledger_, "routed", 0, records, {ResultEvent("validation/loss", 1)});
  for (const PlotKind kind : {PlotKind::kCurves, PlotKind::kScaling}) {
    const std::string said = MessageOf([&] { Draw({.kind = kind, .metric = "unknown"}); });
    EXPECT_TRUE(Says(said,
                     "validation/loss, moe/layer_*/expert_*/load "
                     "(moe/layer_00/expert_000/load and 63 more)"));
    EXPECT_FALSE(Says(said, "expert_001"));
  }
}

TEST_F(PlotStudyTest, DoesNotDependOnTheOrderOfRecording) {
  RecordUsualStudy();
  const TemporaryFolder other;
  LedgerWriter ledger(LedgerIn(other));
  ledger.RecordStudy(PlottedStudy({"dense", "routed"}, {0, 1}));
  for (const auto& [arm, seed, loss] :
       {std::tuple("routed", 1, 0.9), {"dense", 1, 1.2}, {"routed", 0, 0.9}, {"dense", 0, 1.0}}) {
    CompleteRun(ledger, arm, seed, Training(loss), {ResultEvent("validation/loss", loss)});
  }
  LedgerReader reader(LedgerIn(other));
  for (const PlotKind kind : {PlotKind::kCurves, PlotKind::kForest, PlotKind::kSchedule}) {
    EXPECT_EQ(DrawSvg(*Draw({.kind = kind}).plot),
              DrawSvg(*PlotStudy(reader, "study", {.kind = kind}).plot));
  }
}

}  // namespace
}  // namespace upcycle
