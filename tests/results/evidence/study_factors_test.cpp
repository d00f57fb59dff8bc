#include "results/evidence/study_factors.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

Comparison ArmsWith(const std::vector<std::string>& changes) {
  Comparison comparison;
  for (size_t i = 0; i < changes.size(); ++i) {
    auto& arm = comparison.arms.emplace_back();
    arm.name = "arm " + std::to_string(i);
    arm.changes = changes[i];
  }
  comparison.baseline = "arm 0";
  return comparison;
}

const auto kRecipe = nlohmann::json::parse(R"({"base": {"moe": {"top_k": 2}, "rate": 0.1}})");

TEST(StudyFactors, AreSettingsThatDiffer) {
  const StudyFactors found = FactorsOf(
      ArmsWith({R"({"moe.top_k": 2, "rate": 0.1})", R"({"moe.top_k": 4, "rate": 0.1})"}), kRecipe);
  ASSERT_EQ(found.factors.size(), 1u);
  EXPECT_EQ(found.factors[0].name, "moe.top_k");
  EXPECT_EQ(found.factors[0].levels, (std::vector<std::string>{"2", "4"}));
  EXPECT_EQ(found.cells, (std::vector<std::vector<size_t>>{{0}, {1}}));
}

TEST(StudyFactors, WhatAnArmDoesNotChangeIsTheBase) {
  const StudyFactors found = FactorsOf(ArmsWith({"{}", R"({"moe.top_k": 4, "x": 1})"}), kRecipe);
  ASSERT_EQ(found.factors.size(), 1u) << "they change together";
  EXPECT_EQ(found.factors[0].name, "moe.top_k, x");
  EXPECT_EQ(found.factors[0].levels, (std::vector<std::string>{"2, not set", "4, 1"}));
}

TEST(StudyFactors, TheBaselineHasTheFirstLevels) {
  Comparison comparison = ArmsWith({R"({"rate": 3})", R"({"rate": 1})"});
  comparison.baseline = "arm 1";
  EXPECT_EQ(FactorsOf(comparison, kRecipe).factors[0].levels, (std::vector<std::string>{"1", "3"}));
}

TEST(StudyFactors, AFullGridHasEveryCombinationOnce) {
  const auto arms = {R"({"a": 1, "b": 1})", R"({"a": 1, "b": 2})", R"({"a": 2, "b": 1})",
                     R"({"a": 2, "b": 2})"};
  std::vector<std::string> changes(arms.begin(), arms.end());
  EXPECT_TRUE(FactorsOf(ArmsWith(changes), kRecipe).IsFullGrid());
  changes[3] = changes[0];
  EXPECT_FALSE(FactorsOf(ArmsWith(changes), kRecipe).IsFullGrid());
  changes.pop_back();
  const StudyFactors ablation = FactorsOf(ArmsWith(changes), kRecipe);
  EXPECT_FALSE(ablation.IsFullGrid());
  EXPECT_TRUE(ablation.AllHaveTwoLevels());
}

}  // namespace
}  // namespace upcycle
