// What a study varies, read off its arms: settings that always change together are one factor.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "results/comparison/comparison.h"

namespace upcycle {

struct StudyFactor {
  std::string name;                 // "moe.top_k", or several with commas
  std::vector<std::string> levels;  // the baseline's first, or without one the first arm's
};

struct StudyFactors {
  std::vector<StudyFactor> factors;
  std::vector<std::vector<size_t>> cells;  // of each arm, its level of each factor

  // Whether every combination of levels is exactly one arm.
  bool IsFullGrid() const;
  bool AllHaveTwoLevels() const;
};

// `recipe` as it was recorded: its base has what an arm does not change.
StudyFactors FactorsOf(const Comparison& comparison, const nlohmann::json& recipe);

// A setting of an arm with these changes, as text: what it changes, else what the recipe's base
// has; "not set" where neither has it.
std::string SettingOfArm(const nlohmann::json& changes, const nlohmann::json& recipe,
                         const std::string& path);

}  // namespace upcycle
