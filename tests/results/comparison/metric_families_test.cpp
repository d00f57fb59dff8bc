#include "results/comparison/metric_families.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using Names = std::vector<std::string>;

TEST(MetricFamilies, FoldsWhatSingleLayersAndExpertsHaveAndNamesItLast) {
  EXPECT_EQ(MetricFamilies({"moe/layer_00/expert_000/load", "moe/layer_00/expert_001/load",
                            "moe/layer_01/expert_000/load", "moe/layer_07/load_entropy",
                            "train/loss", "moe/dead_experts"}),
            (Names{"moe/dead_experts", "train/loss",
                   "moe/layer_*/expert_*/load (moe/layer_00/expert_000/load and 2 more)",
                   "moe/layer_07/load_entropy"}));
}

TEST(MetricFamilies, LeavesOtherNumbersAlone) {
  const Names names = {"validation/web_1/loss", "validation/web_2/loss",
                       "x/layer_/expert_two/load"};
  EXPECT_EQ(MetricFamilies(names), names);
  EXPECT_EQ(MetricFamilies({}), Names());
}

}  // namespace
}  // namespace upcycle
