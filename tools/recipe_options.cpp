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

namespace {

Recipe LoadAndWarn(const RecipeOptions& options, const DataCheck& check) {
  Recipe loaded = LoadRecipe(options.recipe, options.overrides, check, options.size);
  for (const RecipeWarning& warning : loaded.warnings) fmt::print(stderr, "{}\n", warning.text);
  return loaded;
}

}  // namespace

Recipe RecipeOptions::Load() const { return LoadAndWarn(*this, CheckFiles); }

Recipe RecipeOptions::LoadWithoutData(bool* has_data) const {
  *has_data = true;
  return LoadAndWarn(*this, [has_data](const DataSettings& data) {
    std::vector<Violation> violations = CheckFiles(data);
    if (!violations.empty()) *has_data = false;
    for (Violation& violation : violations) violation.severity = Severity::kWarning;
    return violations;
  });
}

}  // namespace upcycle
