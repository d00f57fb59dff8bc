// The first half of the way from a recipe to its arms: which settings each arm changes, as YAML.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/recipe/recipe_file.h"

namespace upcycle {

// An arm that has not been read yet. Changes are shared by all the arms that have them.
struct ArmDraft {
  std::string name;  // empty: derived from the changes
  Place place;
  std::vector<std::shared_ptr<const Change>> changes;
  // Dropped silently if its changes change nothing: the baseline's own value in an ablation.
  bool only_if_different = false;
  // The base settings as an arm that the recipe does not write.
  bool is_base = false;
};

// In the order baseline, arms of the method, named arms. The baseline stands for the base settings;
// it has a draft of its own in an ablation, where its changes are written, and where there is no
// other arm.
std::vector<ArmDraft> DraftArms(const RecipeFile& file, const Places& places, const Place& recipe,
                                Diagnostics& diagnostics);

inline constexpr const char* kBaselineName = "baseline";

}  // namespace upcycle
