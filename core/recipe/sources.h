// Reads a recipe's files: the bases that it extends first, then itself, then the overrides of the
// command line, each on top of what came before.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "core/recipe/diagnostics.h"
#include "core/recipe/reader.h"
#include "core/recipe/recipe_file.h"

namespace upcycle {

class RecipeSources {
 public:
  // Outlives it.
  explicit RecipeSources(const FileReaders& readers);
  RecipeSources(const RecipeSources&) = delete;
  RecipeSources& operator=(const RecipeSources&) = delete;

  // At one of its sizes; where none is named, at its first if it has any. Throws Error if the
  // recipe itself cannot be opened; every other mistake is a diagnostic.
  void ReadRecipe(const std::filesystem::path& path, const std::string& size);
  // The settings on top of which all is read, in place of the defaults.
  void SetRun(const RunSettings& run) { file_.run = run; }
  // `path=value`
  void ReadOverride(const std::string& text);

  // Whether every file and override was there, was YAML and was a mapping. From what lacks a part
  // that could not be read nothing is to be concluded.
  bool IsWhole() const { return whole_; }
  const RecipeFile& file() const { return file_; }
  Reading reading() { return {diagnostics_, places_, known_paths_, "a recipe", &readers_}; }
  Diagnostics& diagnostics() { return diagnostics_; }
  // The size that was read; empty: the recipe has none.
  const std::string& size() const { return size_; }
  // The beginning of the recipe itself.
  Place beginning() const { return {&texts_.front(), 1, 1}; }

 private:
  void ReadFile(const SourceText& source, const std::filesystem::path& real_path);
  void ForgetGoalOfAnotherMetric(const SourceText& source);
  // The entry of `sizes` that is meant; null where there is none, which is a diagnostic if one was
  // asked for.
  const Entry* ChooseSize(const Node& recipe);
  // The chosen size on top of what was read; the others only to find their mistakes.
  void ReadSizes();
  void ReadSize(const SizeText& size, RecipeFile& file, Places& places);
  void ReadBases(const Node& extends, const SourceText& source);
  void ReadBase(const Node& entry, const SourceText& source);
  void RefuseBase(const Node& entry, std::string message, std::string expected = {});
  const SourceText& AddText(std::string name, std::string text, std::filesystem::path directory,
                            bool is_override);

  const FileReaders& readers_;
  std::deque<SourceText> texts_;             // places point into it
  std::vector<std::filesystem::path> open_;  // the recipe and its bases, down to the one being read
  std::string wanted_size_;
  std::string size_;
  size_t files_read_ = 0;
  bool whole_ = true;
  Diagnostics diagnostics_;
  Places places_;
  std::vector<std::string> known_paths_;
  RecipeFile file_;
};

}  // namespace upcycle
