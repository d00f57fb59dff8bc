#include "tools/recipe_options.h"

#include <fmt/format.h>

namespace upcycle {

Recipe RecipeOptions::Load() const {
  Recipe loaded = LoadRecipe(recipe, overrides);
  for (const RecipeWarning& warning : loaded.warnings) fmt::print(stderr, "{}\n", warning.text);
  return loaded;
}

}  // namespace upcycle
