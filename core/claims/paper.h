// A paper's claims with the studies that ask the same: recipes/papers/NAME/claims.yaml and the
// recipes that it names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/claims.h"
#include "core/recipe/recipe.h"

namespace upcycle {

inline constexpr const char* kClaimsFileName = "claims.yaml";

struct PaperStudy {
  std::filesystem::path path;
  Recipe recipe;
  bool is_run = false;  // by some claim; else its settings are counted alone
};

struct PaperClaim {
  Claim claim;
  size_t study = 0;  // of Paper::studies
};

struct Paper {
  std::string name;  // of its folder
  PaperText text;
  std::vector<PaperStudy> studies;  // in the order in which claims name them
  std::vector<PaperClaim> claims;   // at least one
};

struct PaperOptions {
  std::string size;                    // of the studies; empty: of each the first
  std::vector<std::string> overrides;  // path=value, of every study
  FileKnowledge files = {};
};

// Throws Error(kInput) with all the mistakes of the claims and of all the recipes.
Paper LoadPaper(const std::filesystem::path& folder, const PaperOptions& options);

// The arm of that name; null if there is none.
const Arm* FindArm(const Recipe& recipe, std::string_view name);

// The metric that an expectation compares, and which of its values are the better ones.
std::string MetricOf(const Expectation& expectation, const Recipe& recipe);
Goal GoalOf(const Expectation& expectation, const Recipe& recipe);

}  // namespace upcycle
