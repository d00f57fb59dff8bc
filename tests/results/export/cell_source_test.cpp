#include "results/export/cell_source.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/comparison/compare_study.h"
#include "results/ledger/ledger_reader.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class Tracing : public ::testing::Test {
 protected:
  Tracing() : writer_(LedgerIn(folder_)) {
    StudyRecord study = StudyOf({"dense", "a, b"}, {3, 5, 7});
    study.arms[0].settings = study.arms[1].settings = R"({"upcycle":{"method":"copy"}})";
    study.arms[0].cost = {.train_flops = 2e12, .train_tokens = 1000};
    study.arms[1].cost = {.train_flops = 3e12, .train_tokens = 1000};
    writer_.RecordStudy(study);
    for (const int64_t seed : {3, 5, 7})
      Finish("dense", seed, 3 + 0.25 * static_cast<double>(seed));
    for (const int64_t seed : {3, 5}) Finish("a, b", seed, 2 + 0.125 * static_cast<double>(seed));
  }

  void Finish(const std::string& arm, int64_t seed, double loss) {
    CompleteRun(writer_, arm, seed,
                {Event(R"({"event": "progress", "step": 340, "steps": 340})"),
                 Point("moe/load_entropy", 340, 0.5)},
                {Event(R"({"event": "attempt_started", "host": "lab-7", "pid": 7, "time": 86400})"),
                 ResultEvent("validation/loss", loss),
                 Event(R"({"event": "attempt_ended", "outcome": "complete"})")});
  }

  CellSource Trace(const std::string& cell, const CompareOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder_));
    const Comparison comparison = CompareStudy(reader, "study", options);
    return TraceCell(reader, comparison, cell);
  }

  TemporaryFolder folder_;
  LedgerWriter writer_;
};

TEST_F(Tracing, LeadsToTheRunsBehindAMean) {
  const CellSource source = Trace("a, b,validation/loss");
  EXPECT_EQ(source.shown, "2.5 ± 1.6");
  ASSERT_EQ(source.runs.size(), 3u);
  EXPECT_EQ(source.runs[1].seed, 5);
  EXPECT_EQ(source.runs[1].value, 2.625);
  EXPECT_EQ(source.runs[1].stage, StageFor(StageRole::kEvaluate, "a, b", 5));
  EXPECT_EQ(source.runs[1].trained_steps, 340);
  EXPECT_EQ(source.runs[1].attempt->start.host, "lab-7");
  EXPECT_FALSE(source.runs[2].value.has_value());
  EXPECT_EQ(source.making[0], "mean = sum of values / n = 2.5, n = 2");
  EXPECT_TRUE(Says(source.making[2], "with t = 12.70620473617"));
  EXPECT_TRUE(Says(source.making[2], "of 1 degree of freedom: the 95 % interval of the mean"));
}

TEST_F(Tracing, SaysThatThereIsNoValueAndNothingElse) {
  writer_.RecordStudy(StudyOf({"dense", "late"}, {3, 5, 7}));
  const CellSource source = Trace("late,validation/loss");
  EXPECT_EQ(source.shown, "–");
  EXPECT_EQ(source.making, std::vector<std::string>{"no run has a value of it"});
}

TEST_F(Tracing, LeadsToThePairsBehindADifference) {
  const CellSource source = Trace("a, b,difference", {.allow_incomplete = true});
  EXPECT_EQ(source.baseline, "dense");
  ASSERT_EQ(source.pairs.size(), 2u);
  EXPECT_EQ(source.pairs[0].seed, 3);
  EXPECT_EQ(source.pairs[0].arm - source.pairs[0].baseline, 2.375 - 3.75);
  EXPECT_EQ(source.making[0],
            "d = value of a, b − value of dense, seed by seed; mean of d = -1.5, n = 2");
  EXPECT_EQ(Trace("a, b,difference").making,
            std::vector<std::string>{"no difference: not all paired seeds have a value"});
}

TEST_F(Tracing, TellsHowAVerdictCameAbout) {
  const std::vector<std::string> making = Trace("a, b,verdict", {.allow_incomplete = true}).making;
  ASSERT_EQ(making.size(), 6u);
  EXPECT_TRUE(Says(making[3], "t = mean of d / (s / √n) = -12"));
  EXPECT_TRUE(Says(making[4], "by Holm's correction over 1 comparison of the study"));
  EXPECT_TRUE(Says(making[5], "verdict: inconclusive, as adjusted p = 0.053 is above 0.05"));
  EXPECT_EQ(Trace("a, b,verdict").making.back(),
            "verdict: incomplete, as 1 of 3 paired seeds have no result");
}

TEST_F(Tracing, TellsWhereCostsSettingsAndSeriesComeFrom) {
  EXPECT_EQ(Trace("a, b,flops_mismatch").making[0],
            "3000000000000 FLOPs / 2000000000000 FLOPs of dense − 1 = 0.5");
  EXPECT_EQ(Trace("a, b,train_flops").making[0],
            "1000 tokens × 3000000000 FLOPs a token = 3000000000000 FLOPs of a run's own training");
  EXPECT_EQ(Trace("a, b,seeds").making[0], "2 of 3 runs have a value of validation/loss");
  const CompareOptions options = {.columns = {{"moe/load_entropy", "upcycle.method"}}};
  EXPECT_TRUE(Says(Trace("dense,upcycle.method", options).making[0], "upcycle.method is copy"));
  const CellRun run = Trace("dense,moe/load_entropy", options).runs[0];
  EXPECT_EQ(run.origin->place, StagePlace(StageRole::kTrain));
  EXPECT_EQ(run.origin->step, 340);
}

TEST_F(Tracing, NamesWhatTheTableHas) {
  EXPECT_TRUE(Says(MessageOf([&] { Trace("dense"); }), "write the arm's name, a comma"));
  EXPECT_TRUE(Says(MessageOf([&] { Trace("dence,verdict"); }),
                   "no arm \"dence\"; did you mean \"dense\"? It has dense, a, b"));
  EXPECT_TRUE(Says(MessageOf([&] { Trace("dense,verdicts"); }), "did you mean \"verdict\"?"));
  EXPECT_TRUE(Says(MessageOf([&] { Trace("dense,arm"); }), "comes from the recipe"));
}

TEST_F(Tracing, SaysOnceThatARunDiverged) {
  IngestNext(writer_, StageFor(StageRole::kTrain, "a, b", 7),
             {Event(R"({"event": "attempt_ended", "outcome": "diverged", "cause": "diverged"})")});
  const std::string text = ToText(Trace("a, b,validation/loss"), "runs/stages");
  EXPECT_TRUE(Says(text, "diverged"));
  EXPECT_FALSE(Says(text, "diverged (diverged)"));
}

TEST_F(Tracing, IsWrittenForPeopleAndForPrograms) {
  const CellSource source = Trace("a, b,difference", {.allow_incomplete = true});
  const std::string text = ToText(source, "runs/stages");
  EXPECT_TRUE(text.starts_with("study: a, b, difference: −1.5 ± 1.6\n"));
  const std::string folder = "runs/stages/" + StageFor(StageRole::kEvaluate, "a, b", 3).Hex();
  EXPECT_TRUE(Says(text, "evaluate, its result after 340 steps  " + folder));
  EXPECT_TRUE(Says(text, "lab-7  1970-01-02 00:00:00 UTC"));
  EXPECT_TRUE(Says(text, "planned"));
  const auto json = nlohmann::json::parse(ToJson(source, "runs/stages"));
  EXPECT_EQ(json.at("runs").at(0).at("folder"), folder);
  EXPECT_EQ(json.at("runs").at(0).at("attempt").at("started"), 86400.0);
  EXPECT_TRUE(json.at("runs").at(2).at("value").is_null());
  EXPECT_EQ(json.at("pairs").at(1).at("difference"), 2.625 - 4.25);
}

}  // namespace
}  // namespace upcycle
