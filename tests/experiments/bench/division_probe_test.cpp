#include "experiments/bench/division_probe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "experiments/bench/kept_rates.h"
#include "experiments/study/study.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class DivisionProbeTest : public testing::Test {
 protected:
  DivisionProbeTest() {
    Put(folder_ / "recipe.yaml",
        "name: tiny\n"
        "model: {layers: 1, width: 16, heads: 2, ffn_width: 24, sequence_length: 32}\n"
        "data: {tokenizer: bytes, train: [{kind: atlas, people: 8}]}\n"
        "arms:\n  - {name: moe, upcycle: copy}\n"
        "seeds: 2\n");
    const Study study = MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
    training_ = study.stages.at(study.runs[0].stages.at(StageRole::kTrain));
    other_seed_ = study.stages.at(study.runs[1].stages.at(StageRole::kTrain));
  }

  // Jobs that are this script.
  std::vector<DivisionRate> Measure(const std::string& script) {
    DivisionProbe probe{.stage = training_, .rounds = 1};
    probe.program = {"/bin/sh", "-c", script, "job"};
    return MeasureDivisions(probe, {{1, 2}, {2, 1}}, folder_.path());
  }

  TemporaryFolder folder_;
  Stage training_, other_seed_;
};

TEST(Division, GoesThroughPowersOfTwoAndAllCores) {
  EXPECT_EQ(DivisionsOf(1), (std::vector<Division>{{1, 1}}));
  EXPECT_EQ(DivisionsOf(2), (std::vector<Division>{{1, 2}, {2, 1}}));
  EXPECT_EQ(DivisionsOf(6), (std::vector<Division>{{1, 6}, {2, 3}, {4, 1}, {6, 1}}));
}

TEST_F(DivisionProbeTest, AddsTheRatesOfJobsThatRunTogether) {
  const auto rates = Measure("echo ready; cat; echo 12 4");
  EXPECT_EQ(rates[0].steps_per_second, 3);
  EXPECT_EQ(rates[1].steps_per_second, 6);
  ASSERT_NE(BestOf(rates), nullptr);
  EXPECT_EQ(BestOf(rates)->division, (Division{2, 1}));
  EXPECT_EQ(DescribeRate(rates[1]), "-j 2 with 1 thread each: 6 steps/s");
}

TEST_F(DivisionProbeTest, SaysWhereAJobFails) {
  // With the second division's thread alone.
  const auto rates = Measure("[ $3 = 2 ] || exit 1; echo ready; cat; echo 8 2");
  EXPECT_EQ(rates[0].steps_per_second, 4);
  EXPECT_EQ(rates[1].steps_per_second, 0);
  EXPECT_EQ(rates[1].problem, "a process of it failed");
  ASSERT_NE(BestOf(rates), nullptr);
  EXPECT_EQ(BestOf(rates)->division, (Division{1, 2}));
  EXPECT_EQ(BestOf({rates[1]}), nullptr);
}

TEST_F(DivisionProbeTest, LeavesNoFileBehind) {
  Measure("exit 1");
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.path().filename(), "recipe.yaml");
  }
}

TEST_F(DivisionProbeTest, AnswersWithStepsThatItTook) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const FileDescriptor nothing = OpenFile("/dev/null", 0, "read");
  AnswerProbe(training_, {.threads = 1, .seconds = 0.01}, nothing.get(), ends[1]);
  ::close(ends[1]);
  char text[100] = {};
  ASSERT_GT(::read(ends[0], text, sizeof text - 1), 0);
  ::close(ends[0]);
  double steps = 0, seconds = 0;
  ASSERT_EQ(std::sscanf(text, "ready\n%lf %lf", &steps, &seconds), 2) << text;
  EXPECT_GE(steps, 2);
  EXPECT_GT(seconds, 0);
}

TEST_F(DivisionProbeTest, IsKeptForTrainingsOfOneArchitecture) {
  const Fingerprint identity = ProbeIdentity(training_, {}, 2);
  EXPECT_EQ(ProbeIdentity(other_seed_, {}, 2), identity);
  EXPECT_NE(ProbeIdentity(training_, {}, 4), identity);
  Stage wider = training_;
  wider.settings["model"]["width"] = 32;
  EXPECT_NE(ProbeIdentity(wider, {}, 2), identity);

  const KeptRates kept(folder_.path());
  EXPECT_TRUE(kept.Find(identity).empty());
  kept.Keep(identity, {{.division = {2, 1}, .steps_per_second = 7.5}});
  ASSERT_EQ(kept.Find(identity).size(), 1u);
  EXPECT_EQ(kept.Find(identity)[0].steps_per_second, 7.5);
  EXPECT_TRUE(kept.Find(ProbeIdentity(wider, {}, 2)).empty());
  Put(folder_ / "probes.json", "{damaged");
  EXPECT_TRUE(kept.Find(identity).empty());
}

}  // namespace
}  // namespace upcycle
