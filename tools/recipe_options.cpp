#include "tools/recipe_options.h"

#include <fmt/format.h>

#include "core/data/file_mistakes.h"

namespace upcycle {

std::vector<Violation> CheckFiles(const DataSettings& data) {
  std::vector<Violation> violations;
  for (const FileMistake& mistake : FindFileMistakes(data)) {
    // Of a list of files or of a source that could not be read nothing more is said.
    const std::string source = mistake.setting.substr(0, mistake.setting.find(".files"));
    violations.push_back({Severity::kError,
                          {mistake.setting, source + ".files", source + ".kind"},
                          mistake.message});
  }
  return violations;
}

Recipe RecipeOptions::Load() const {
  Recipe loaded = LoadRecipe(recipe, overrides, CheckFiles, size);
  for (const RecipeWarning& warning : loaded.warnings) fmt::print(stderr, "{}\n", warning.text);
  return loaded;
}

}  // namespace upcycle
