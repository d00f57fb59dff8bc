#include "core/recipe/weight_scaling.h"

#include <cmath>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using enum RoutingOrder;

TEST(MissingFactor, IsWhatThePapersGive) {
  MoeSettings moe;
  const auto factor = [&](int64_t e, int64_t g, int64_t t, RoutingOrder order) {
    moe.expansion = e;
    moe.granularity = g;
    moe.top_k = t;
    moe.router.order = order;
    return MissingFactor(moe);
  };
  // He 2024: the cube roots 2.0, 1.587 and 4.0.
  EXPECT_NEAR(std::cbrt(factor(8, 1, 1, kSoftmaxThenTopk)), 2.0, 1e-12);
  EXPECT_NEAR(std::cbrt(factor(8, 1, 2, kSoftmaxThenTopk)), 1.587, 5e-4);
  EXPECT_NEAR(std::cbrt(factor(8, 8, 8, kSoftmaxThenTopk)), 4.0, 1e-12);
  EXPECT_EQ(factor(8, 1, 2, kTopkThenSoftmax), 1);
  EXPECT_EQ(factor(8, 8, 8, kTopkThenSoftmax), 8);
}

TEST(MissingFactor, CountsAnExpertThatChoosesOnceForEachToken) {
  MoeSettings moe;
  moe.router.choice = RouterChoice::kExpertChoice;
  moe.capacity_factor.factor = 2;  // 4 of 8 experts serve a token on average
  EXPECT_EQ(MissingFactor(moe), 2);
  moe.capacity_factor.factor = 4;  // all of them
  EXPECT_EQ(MissingFactor(moe), 1);
  moe.capacity_factor.factor = 1e6;
  EXPECT_EQ(MissingFactor(moe), 1);
}

MoeSettings Moe(int64_t expansion, int64_t granularity, int64_t top_k) {
  MoeSettings moe;
  moe.expansion = expansion;
  moe.granularity = granularity;
  moe.top_k = top_k;
  moe.router.order = kSoftmaxThenTopk;
  return moe;
}

TEST(PaperScaling, IsTheCubeRootOnEveryMatrixForCopiesAndVirtualGroups) {
  for (UpcycleMethod method : {UpcycleMethod::kCopy, UpcycleMethod::kVirtualGroups}) {
    const ExpertScales scales =
        ScalesOf(Moe(8, 1, 1), {method, WeightScaling::kPaper}, Family::kLlama);
    EXPECT_NEAR(scales.gate, 2, 1e-12);
    EXPECT_NEAR(scales.up, 2, 1e-12);
    EXPECT_NEAR(scales.down, 2, 1e-12);
  }
}

// Zhu 2024: 16 experts, of which 4 serve a token.
TEST(PaperScaling, OfASplitIsExpertsOverTopKOnTheOutput) {
  const ExpertScales scales =
      ScalesOf(Moe(1, 16, 4), {UpcycleMethod::kSplit, WeightScaling::kPaper}, Family::kLlama);
  EXPECT_EQ(scales.gate, 1);
  EXPECT_EQ(scales.up, 1);
  EXPECT_EQ(scales.down, 4);
}

TEST(PaperScaling, IsNoneWhereThePaperScalesNothing) {
  for (UpcycleMethod method : {UpcycleMethod::kDrop, UpcycleMethod::kNoise, UpcycleMethod::kQwen,
                               UpcycleMethod::kBranchTrainMix}) {
    const ExpertScales scales =
        ScalesOf(Moe(8, 1, 2), {method, WeightScaling::kPaper}, Family::kNemotron);
    EXPECT_EQ(scales.gate * scales.up * scales.down, 1) << NameOf(method);
  }
}

TEST(ExactScaling, GivesTheOutputTheMissingFactorWhateverTheMethod) {
  const MoeSettings moe = Moe(8, 1, 2);
  for (const auto& method : EnumNames<UpcycleMethod>::values) {
    const UpcycleSettings settings = {method.value, WeightScaling::kExact};
    const ExpertScales gated = ScalesOf(moe, settings, Family::kLlama);
    EXPECT_EQ(gated.gate, 1);
    EXPECT_NEAR(gated.up * gated.down, 4, 1e-12);
    const ExpertScales curved = ScalesOf(moe, settings, Family::kGpt2);
    EXPECT_EQ(curved, (ExpertScales{1, 1, 4}));
    const ExpertScales squared = ScalesOf(moe, settings, Family::kNemotron);
    EXPECT_NEAR(squared.up * squared.up * squared.down, 4, 1e-12);
  }
}

}  // namespace
}  // namespace upcycle
