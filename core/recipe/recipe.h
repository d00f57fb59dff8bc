// A recipe: one YAML file, and those it extends, as typed and fully expanded arms.
//
//   name: capacity-factor
//   extends: base/lab.yaml
//   baseline: {moe.capacity_factor: 2}
//   method: ablate
//   parameters:
//     moe.capacity_factor: [1, 1.5, 4, dropless]
//   seeds: 6
//   match: {on: train_flops, tolerance: 0.5%}
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/recipe/arms.h"
#include "core/recipe/match.h"
#include "core/recipe/settings.h"
#include "core/recipe/study_settings.h"

namespace upcycle {

// Planning so many takes about ten seconds.
inline constexpr size_t kMaximumRuns = 100000;

// Something that is probably not what was meant; nothing is refused for it.
struct RecipeWarning {
  std::string where;  // "file:line:column"
  std::string message;
  std::string text;  // as people read it, with source line and caret
};

struct Recipe {
  std::string name;  // of the study; at another size than the first NAME-SIZE
  std::string description;
  std::filesystem::path path;
  std::string size;                // empty: it has none
  std::vector<std::string> sizes;  // all that it has, the default first
  RunSettings base;
  std::vector<Arm> arms;           // distinct, at least one
  std::vector<TwinArm> twins;      // that the recipe asks for beside these, and that have no run
  size_t baseline = 0;             // index of the arm that others are compared with
  std::vector<ArmBudget> budgets;  // one for each arm
  std::vector<int64_t> seeds;      // in this order
  int64_t seeds_before_look = 0;   // of each arm, where seeds end once it is decided; 0: all run
  MetricSettings metric;
  MatchSettings match;
  BudgetSettings budget;
  EarlyStoppingSettings early_stopping;
  TableSettings table;
  std::vector<RecipeWarning> warnings;
};

// Reads a recipe at one of its sizes, by name; "" is its first, and what a recipe without sizes
// has. Each override is `path=value`, the value in YAML; the last one wins. Throws Error(kInput)
// with all the mistakes of all the files and overrides. 10,000 arms take 0.3 s. `files` looks at
// what arms read; without it nothing is said of it, and nothing follows from it.
Recipe LoadRecipe(const std::filesystem::path& path, const std::vector<std::string>& overrides,
                  const FileKnowledge& files = {}, const std::string& size = "");

// What `validate` prints when all is well: name, arms, seeds, runs.
std::string DescribeRecipe(const Recipe& recipe);

// A line for each arm that is another's run, and why; empty where there is none.
std::string DescribeTwins(const Recipe& recipe);
// The same as a list of {name, kept, why}.
nlohmann::json TwinsJson(const Recipe& recipe);

// Everything that the recipe came to: base settings, arms with their changes, study settings.
nlohmann::json ResolvedRecipe(const Recipe& recipe);

}  // namespace upcycle
