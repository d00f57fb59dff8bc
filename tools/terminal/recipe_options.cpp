#include "tools/terminal/recipe_options.h"

#include <fmt/format.h>

#include "core/data/file_mistakes.h"
#include "core/error.h"
#include "core/tokenizers/tokenizer.h"
#include "experiments/formats/parent_model.h"

namespace upcycle {
namespace {

std::vector<Violation> CheckData(const DataSettings& data) {
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

// A model that cannot be read was a mistake where it was named.
std::vector<ParentMistake> MistakesOf(const ModelSettings& model) {
  try {
    return FindParentMistakes(model);
  } catch (const Error&) {
    return {};
  }
}

std::vector<Violation> CheckModel(const ModelSettings& model) {
  std::vector<Violation> violations;
  for (const ParentMistake& mistake : MistakesOf(model)) {
    violations.push_back({Severity::kError,
                          {mistake.setting, "model.from"},
                          mistake.message,
                          "only model.from, and model.sequence_length if it shall be less"});
  }
  return violations;
}

Recipe LoadAndWarn(const RecipeOptions& options, const FileKnowledge& files) {
  Recipe loaded = LoadRecipe(options.recipe, options.overrides, files, options.size);
  for (const RecipeWarning& warning : loaded.warnings) fmt::print(stderr, "{}\n", warning.text);
  return loaded;
}

}  // namespace

FileKnowledge KnowFiles() {
  FileKnowledge files;
  files.readers.model = [](const std::string& path, ModelSettings& model) {
    model = ReadParentSettings(path);
  };
  files.readers.tokenizer = [](const std::string& path, TokenizerSettings& tokenizer) {
    tokenizer.vocabulary = Tokenizer::Load(path)->Vocabulary();
  };
  files.check_data = CheckData;
  files.check_model = CheckModel;
  return files;
}

Recipe RecipeOptions::Load() const { return LoadAndWarn(*this, KnowFiles()); }

Recipe RecipeOptions::LoadWithoutData(bool* has_data) const {
  *has_data = true;
  FileKnowledge files = KnowFiles();
  files.check_data = [has_data](const DataSettings& data) {
    std::vector<Violation> violations = CheckData(data);
    if (!violations.empty()) *has_data = false;
    for (Violation& violation : violations) violation.severity = Severity::kWarning;
    return violations;
  };
  return LoadAndWarn(*this, files);
}

}  // namespace upcycle
