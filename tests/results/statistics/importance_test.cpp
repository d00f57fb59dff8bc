#include "results/statistics/importance.h"

#include <limits>

#include "core/random.h"
#include "tests/results/statistics/golden_cases.h"

namespace upcycle {
namespace {

constexpr uint64_t kA = 1, kB = 2, kC = 4, kAll = 7;

// Six seeds of a loss that changes A and B lower by 0.2 and 0.1, by 0.15 more together, and C not.
std::vector<ChangedCell> CellsFor(const std::vector<uint64_t>& sets) {
  const RandomStream stream(6, "test/importance");
  std::vector<ChangedCell> cells;
  for (const uint64_t changes : sets) {
    ChangedCell cell = {changes, {}};
    for (uint64_t seed = 0; seed < 6; ++seed) {
      double loss =
          3 + 0.5 * stream.Normal(1000 + seed) + 0.005 * stream.Normal(8 * seed + changes);
      if (changes & kA) loss -= 0.2;
      if (changes & kB) loss -= 0.1;
      if ((changes & kA) && (changes & kB)) loss -= 0.15;
      cell.values.push_back(loss);
    }
    cells.push_back(cell);
  }
  return cells;
}

const std::vector<uint64_t> kOneIn = {0, kA, kB, kC}, kOneOut = {kAll, kB | kC, kA | kC, kA | kB};

std::vector<uint64_t> Together(std::vector<uint64_t> a, const std::vector<uint64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Importance, SaysWhatAChangeIsWorthAmongTheOthersAndAlone) {
  const Ablation ablation = AnalyseAblation(CellsFor(Together(kOneIn, kOneOut)), 3, 0.95);
  ASSERT_EQ(ablation.importances.size(), 3u);
  const ChangeImportance& a = ablation.importances[0];
  EXPECT_NEAR(a.left_out->pairs.difference.mean, -0.35, 0.01);
  EXPECT_NEAR(a.added->pairs.difference.mean, -0.2, 0.01);
  EXPECT_NEAR(a.dependence->pairs.difference.mean, -0.15, 0.02);
  EXPECT_LT(a.left_out->adjusted_p, 0.05);
}

TEST(Importance, HasAWordForWhereTheTwoWaysDisagree) {
  const Ablation ablation = AnalyseAblation(CellsFor(Together(kOneIn, kOneOut)), 3, 0.95);
  EXPECT_EQ(ablation.importances[0].agreement, Agreement::kDepends);
  EXPECT_EQ(ablation.importances[1].agreement, Agreement::kDepends);
  EXPECT_EQ(ablation.importances[2].agreement, Agreement::kUnclear);
  EXPECT_EQ(NameOf(Agreement::kDepends), "depends");
}

TEST(Importance, IsAlikeWhereAChangeIsWorthTheSameEitherWay) {
  const double noise[] = {0.003, -0.004, 0.001, 0.002, -0.003, 0.001};  // of mean 0 in each cell
  std::vector<ChangedCell> cells;
  for (uint64_t changes = 0; changes < 4; ++changes) {
    ChangedCell cell = {changes, {}};
    for (uint64_t seed = 0; seed < 6; ++seed) {
      const double effects = -0.2 * double(changes & kA) - 0.1 * double((changes & kB) >> 1);
      cell.values.push_back(3 + effects + noise[(seed + changes) % 6]);
    }
    cells.push_back(cell);
  }
  const Ablation ablation = AnalyseAblation(cells, 2, 0.95);
  EXPECT_GT(ablation.importances[0].dependence->adjusted_p, 0.05);
  EXPECT_EQ(ablation.importances[0].agreement, Agreement::kAlike);
  EXPECT_EQ(ablation.importances[1].agreement, Agreement::kAlike);
}

TEST(Importance, FindsTheInteractionWhereItsCellsAre) {
  const Ablation ablation = AnalyseAblation(CellsFor(Together(kOneIn, {kA | kB})), 3, 0.95);
  ASSERT_EQ(ablation.interactions.size(), 1u);
  EXPECT_EQ(ablation.interactions[0].first, 0u);
  EXPECT_EQ(ablation.interactions[0].second, 1u);
  EXPECT_NEAR(ablation.interactions[0].from_none->pairs.difference.mean, -0.15, 0.02);
  EXPECT_FALSE(ablation.interactions[0].from_all.has_value());
}

TEST(Importance, LeavesOutWhatAStudyDoesNotHave) {
  const Ablation ablation = AnalyseAblation(CellsFor(kOneOut), 3, 0.95);
  EXPECT_TRUE(ablation.importances[0].left_out.has_value());
  EXPECT_FALSE(ablation.importances[0].added.has_value());
  EXPECT_FALSE(ablation.importances[0].dependence.has_value());
  EXPECT_EQ(ablation.importances[0].agreement, Agreement::kUnclear);
  EXPECT_TRUE(ablation.interactions.empty());
}

TEST(Importance, AdjustsOverAllEffectsAndCountsEachOnce) {
  // Of two changes: left out and added of each, and one interaction, which is both dependences.
  const Ablation two = AnalyseAblation(CellsFor({0, kA, kB, kA | kB}), 2, 0.95);
  const Effect& interaction = *two.interactions[0].from_none;
  EXPECT_EQ(two.importances[0].dependence->adjusted_p, interaction.adjusted_p);
  double largest = 0;
  for (const ChangeImportance& one : two.importances) {
    for (const Effect* effect : {&*one.left_out, &*one.added}) {
      largest = std::max(largest, effect->pairs.p);
      EXPECT_GE(effect->adjusted_p, effect->pairs.p);
      EXPECT_LE(effect->adjusted_p, 5 * effect->pairs.p * (1 + 1e-12));
    }
  }
  EXPECT_GT(largest, 0);
}

TEST(Importance, RefusesATestWhereASeedIsMissing) {
  std::vector<ChangedCell> cells = CellsFor({0, kA});
  cells[1].values[2] = std::numeric_limits<double>::quiet_NaN();
  const Ablation ablation = AnalyseAblation(cells, 1, 0.95);
  EXPECT_EQ(ablation.importances[0].added->missing, 1);
  EXPECT_TRUE(std::isnan(ablation.importances[0].added->adjusted_p));
  EXPECT_EQ(ablation.importances[0].added->pairs.difference.count, 5);
}

}  // namespace
}  // namespace upcycle
