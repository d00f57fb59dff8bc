#include "core/recipe/sources.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/files.h"
#include "core/recipe/document.h"

namespace upcycle {
namespace {

constexpr size_t kMaximumFiles = 64;

// What two spellings of one file's path have in common.
fs::path RealPath(const fs::path& path) {
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(path, ignored);
  return real.empty() ? path : real;
}

std::string ReadRegularFile(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(Cause::kInput, fmt::format("cannot read {}: it is not a file", path.native()));
  }
  return ReadTextFile(path);
}

fs::path DirectoryOf(const fs::path& path) {
  std::error_code ignored;
  return fs::absolute(path, ignored).lexically_normal().parent_path();
}

}  // namespace

RecipeSources::RecipeSources() : known_paths_(PathsOf<RecipeFile>()) {}

const SourceText& RecipeSources::AddText(std::string name, std::string text, fs::path directory,
                                         bool is_override) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  const int order = static_cast<int>(texts_.size());
  texts_.push_back({std::move(name), std::move(text), std::move(directory), order, is_override});
  return texts_.back();
}

void RecipeSources::ReadRecipe(const fs::path& path) {
  ReadFile(AddText(path.native(), ReadRegularFile(path), DirectoryOf(path), false), RealPath(path));
}

void RecipeSources::ReadFile(const SourceText& source, const fs::path& real_path) {
  ++files_read_;
  std::optional<Node> root = ParseDocument(source, diagnostics_);
  if (!root) {
    whole_ = false;
    return;
  }
  whole_ &= root->IsMapping() || root->IsNull();
  open_.push_back(real_path);
  if (const Node* extends = root->Find("extends")) ReadBases(*extends, source);
  open_.pop_back();
  file_.name.clear();  // a recipe's own, never its base's
  file_.description.clear();
  ReadMapping(*root, file_, "", reading());
  ForgetGoalOfAnotherMetric(source);
}

// A metric that takes the place of a base's does not have the goal that the base gave to its own.
void RecipeSources::ForgetGoalOfAnotherMetric(const SourceText& source) {
  if (!places_.Has("metric.name") || !places_.Has("metric.goal")) return;
  const SourceText* of_name = places_.Find("metric.name")->source;
  const SourceText* of_goal = places_.Find("metric.goal")->source;
  const bool of_one_command = source.is_override && of_goal->is_override;
  if (of_name == &source && of_goal != &source && !of_one_command) places_.Forget("metric.goal");
}

void RecipeSources::ReadBases(const Node& extends, const SourceText& source) {
  if (extends.IsScalar()) ReadBase(extends, source);
  for (const Node& entry : extends.items) {
    if (entry.IsScalar()) ReadBase(entry, source);
  }
}

void RecipeSources::ReadBase(const Node& entry, const SourceText& source) {
  const fs::path path = source.directory / entry.text;
  const fs::path real = RealPath(path);
  if (std::find(open_.begin(), open_.end(), real) != open_.end()) {
    return RefuseBase(entry, fmt::format("{} extends itself in a circle", entry.text),
                      "a base that does not extend this recipe");
  }
  if (files_read_ >= kMaximumFiles) {
    return RefuseBase(entry, fmt::format("a recipe extends more than {} files", kMaximumFiles));
  }
  try {
    const std::string name =
        (fs::path(source.name).parent_path() / entry.text).lexically_normal().native();
    ReadFile(AddText(name, ReadRegularFile(path), DirectoryOf(path), false), real);
  } catch (const Error& error) {
    RefuseBase(entry, error.what(), "the path of a recipe, relative to this file");
  }
}

void RecipeSources::RefuseBase(const Node& entry, std::string message, std::string expected) {
  whole_ = false;
  diagnostics_.Error(entry.place, std::move(message), std::move(expected));
}

void RecipeSources::ReadOverride(const std::string& text) {
  const size_t equals = text.find('=');
  const std::string value = equals == text.npos ? "" : text.substr(equals + 1);
  std::error_code ignored;
  const SourceText& source = AddText("--set " + text, value, fs::current_path(ignored), true);
  const Place place{&source, 1, 1};
  if (equals == text.npos || equals == 0) {
    diagnostics_.Error(place, "an override without a setting or a value",
                       "--set path=value, such as --set moe.top_k=2");
    return;
  }
  const SettingPath path = ParsePath(text.substr(0, equals), place);
  if (path.steps.front().name == "extends") {
    diagnostics_.Error(place, "extends belongs in a recipe", "--set of what the base would set");
    return;
  }
  const std::optional<Node> node = ParseDocument(source, diagnostics_);
  whole_ &= node.has_value();
  if (node) SetAt(file_, path, *node, reading());
  ForgetGoalOfAnotherMetric(source);
}

}  // namespace upcycle
