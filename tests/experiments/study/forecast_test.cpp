#include "experiments/study/forecast.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr double kRate = 1e9;

class Forecast : public testing::Test {
 protected:
  Study Make(const std::string& arms, int seeds) {
    Put(folder_ / "recipe.yaml",
        "name: tiny\n"
        "data: {train: [{kind: atlas, people: 8}]}\n"
        "parent: {train: {tokens: 300000}}\n"
        "train: {tokens: 100000}\n"
        "arms:\n" +
            arms + "seeds: " + std::to_string(seeds) + "\n");
    return MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
  }

  StudyForecast Of(const Study& study, const std::map<Fingerprint, StageState>& states = {}) {
    return ForecastStudy(study, PlanStages(study, states, folder_.path()),
                         {.flops_per_core_second = kRate});
  }

  static double SumOfStages(const Study& study) {
    double sum = 0;
    for (const auto& [_, stage] : study.stages) sum += PredictStage(stage, kRate).core_seconds;
    return sum;
  }

  TemporaryFolder folder_;
};

TEST_F(Forecast, CountsAStageThatRunsShareOnce) {
  const Study study = Make("  - {name: dense, upcycle: none}\n  - {name: moe, upcycle: copy}\n", 3);
  const StudyForecast forecast = Of(study);
  EXPECT_EQ(forecast.needed_stages, static_cast<int64_t>(study.stages.size()));
  EXPECT_GT(forecast.core_seconds, 0);
  EXPECT_NEAR(forecast.core_seconds, SumOfStages(study), 1e-9 * forecast.core_seconds);
}

TEST_F(Forecast, KnowsThatAnArmMayHaveAParentOfItsOwn) {
  const Study study = Make(
      "  - {name: short, upcycle: none}\n"
      "  - {name: long, upcycle: none, parent.train.tokens: 900000}\n",
      1);
  const StudyForecast forecast = Of(study);
  EXPECT_NEAR(forecast.core_seconds, SumOfStages(study), 1e-9 * forecast.core_seconds);
}

TEST_F(Forecast, KnowsWhatATrainingOfTwoArmsTakes) {
  const Study study = Make(
      "  - {name: few, upcycle: none, evaluate.sequences: 8}\n"
      "  - {name: all, upcycle: none}\n",
      1);
  const StudyForecast forecast = Of(study);
  EXPECT_GT(forecast.trainings[0].memory_bytes, 0);
  EXPECT_EQ(forecast.trainings[1].memory_bytes, forecast.trainings[0].memory_bytes);
}

TEST_F(Forecast, LeavesOutWhatIsComplete) {
  const Study study = Make("  - {name: dense, upcycle: none}\n", 2);
  std::map<Fingerprint, StageState> states;
  for (const auto& [fingerprint, _] : study.stages) states[fingerprint] = StageState::kComplete;
  const StudyForecast forecast = Of(study, states);
  EXPECT_EQ(forecast.needed_stages, 0);
  EXPECT_EQ(forecast.core_seconds, 0);
  EXPECT_GT(forecast.trainings[0].core_seconds, 0);
}

}  // namespace
}  // namespace upcycle
