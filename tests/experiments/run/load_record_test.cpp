#include "experiments/run/load_record.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

using Loads = std::vector<MoeBlock::Load>;

TEST(LoadRecord, OfAnEvenLoadHasFullEntropy) {
  LoadRecord record(1, 4);
  record.Add(Loads{{.assigned = {5, 5, 5, 5}, .served = {5, 5, 5, 5}}});
  EXPECT_NEAR(record.Summary(0).entropy, 1, 1e-12);
  EXPECT_EQ(record.Summary(0).dropped_share, 0);
  EXPECT_EQ(record.Summary(0).dead_experts, 0);
}

TEST(LoadRecord, OfOneExpertThatTakesAllHasNone) {
  LoadRecord record(1, 4);
  record.Add(Loads{{.assigned = {0, 20, 0, 0}, .served = {0, 5, 0, 0}}});
  EXPECT_EQ(record.Summary(0).entropy, 0);
  EXPECT_EQ(record.Summary(0).dead_experts, 3);
  EXPECT_DOUBLE_EQ(record.Summary(0).dropped_share, 0.75);
}

TEST(LoadRecord, SumsAnIntervalBeforeItSummarises) {
  LoadRecord record(2, 2);
  const MoeBlock::Load even = {.assigned = {4, 4}, .served = {4, 4}};
  record.Add(Loads{{.assigned = {8, 0}, .served = {6, 0}}, even});
  record.Add(Loads{{.assigned = {0, 8}, .served = {0, 8}}, even});
  EXPECT_NEAR(record.Summary(0).entropy, 1, 1e-12);  // each step had none
  EXPECT_EQ(record.Summary(0).dead_experts, 0);
  EXPECT_DOUBLE_EQ(record.Summary(0).dropped_share, 2.0 / 16);
  EXPECT_EQ(record.Summary(1).dropped_share, 0);
}

TEST(LoadRecord, MeasuresEntropyAgainstTheLogarithmOfTheExperts) {
  LoadRecord record(1, 3);
  record.Add(Loads{{.assigned = {1, 1, 2}, .served = {1, 1, 2}}});
  EXPECT_NEAR(record.Summary(0).entropy, 1.5 * std::log(2.0) / std::log(3.0), 1e-12);
}

TEST(LoadRecord, HoldsEachExpertAgainstAnEvenSpread) {
  LoadRecord record(2, 4);
  const MoeBlock::Load none = {.assigned = {0, 0, 0, 0}, .served = {0, 0, 0, 0}};
  record.Add(Loads{{.assigned = {5, 15, 0, 20}, .served = {5, 5, 0, 5}}, none});
  EXPECT_EQ(record.RelativeLoads(0), (std::vector<double>{0.5, 1.5, 0, 2}));
  EXPECT_EQ(record.RelativeLoads(1), (std::vector<double>{0, 0, 0, 0}));
}

TEST(LoadRecord, ComesBackFromJsonAsItWas) {
  LoadRecord record(1, 2), restored(1, 2);
  record.Add(Loads{{.assigned = {3, 1}, .served = {2, 1}}});
  restored.FromJson(record.ToJson());
  EXPECT_EQ(restored.ToJson(), record.ToJson());
  record.Clear();
  EXPECT_NE(restored.ToJson(), record.ToJson());
}

}  // namespace
}  // namespace upcycle
