#include "core/recipe/seed_plan.h"

#include <gtest/gtest.h>

#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

const std::string kBase = "name: a\ndata: {train: [{kind: atlas}]}\n";

using Seeds = std::vector<int64_t>;

Recipe With(const std::string& seeds) { return LoadText(kBase + "seeds: " + seeds + "\n"); }
std::string MistakesWith(const std::string& seeds) {
  return MistakesIn(kBase + "seeds: " + seeds + "\n");
}

TEST(PlannedSeeds, AreThoseThatAreListed) {
  EXPECT_EQ(With("[7, 3, 5]").seeds, (Seeds{7, 3, 5}));
  EXPECT_EQ(With("3").seeds_before_look, 0);
}

TEST(PlannedSeeds, ComeInRisingOrderUntilArmsAreDecided) {
  const Recipe counted = With("{until: decided, at_most: 5}");
  EXPECT_EQ(counted.seeds, (Seeds{0, 1, 2, 3, 4}));
  EXPECT_EQ(counted.seeds_before_look, 3);
  EXPECT_EQ(With("{until: decided}").seeds.size(), 12u);
  const Recipe listed = With("{until: decided, first: 4, values: [9, 2, 30, 4, 7]}");
  EXPECT_EQ(listed.seeds, (Seeds{2, 4, 7, 9, 30}));
  EXPECT_EQ(listed.seeds_before_look, 4);
  EXPECT_EQ(With("{until: decided, values: 20, at_most: 6}").seeds.size(), 6u);
}

TEST(PlannedSeeds, SayWhatCannotBePlanned) {
  EXPECT_TRUE(Says(MistakesWith("{at_most: 5}"),
                   "seeds.at_most means something only where seeds end once arms are decided"));
  EXPECT_TRUE(Says(MistakesWith("{until: decided, first: 6, at_most: 5}"),
                   "5 seeds at most are fewer than the 6 before the first look"));
  EXPECT_TRUE(Says(MistakesWith("{until: decided, first: 2}"), "seeds.first"));
  EXPECT_TRUE(Says(MistakesWith("{until: decided}\nearly_stopping: halving"),
                   "seeds.until=decided and early_stopping exclude each other"));
}

}  // namespace
}  // namespace upcycle
