#include "core/recipe/sources.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/files.h"
#include "core/recipe/document.h"
#include "core/spelling.h"

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

RecipeSources::RecipeSources(const FileReaders& readers)
    : readers_(readers), known_paths_(PathsOf<RecipeFile>()) {}

const SourceText& RecipeSources::AddText(std::string name, std::string text, fs::path directory,
                                         bool is_override) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  const int order = static_cast<int>(texts_.size());
  texts_.push_back({std::move(name), std::move(text), std::move(directory), order, is_override});
  return texts_.back();
}

void RecipeSources::ReadRecipe(const fs::path& path, const std::string& size) {
  wanted_size_ = size;
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
  const bool is_base = !open_.empty();
  open_.push_back(real_path);
  const Entry* size = is_base ? nullptr : ChooseSize(*root);
  if (const Node* extends = root->Find("extends")) ReadBases(*extends, source);
  if (size != nullptr) {
    size_ = size->key;
    if (const Node* extends = size->value.Find("extends")) ReadBases(*extends, source);
  }
  open_.pop_back();
  file_.name.clear();  // a recipe's own, never its base's
  file_.description.clear();
  ReadMapping(*root, file_, "", reading());
  ForgetGoalOfAnotherMetric(source);
  if (const Node* sizes = root->Find("sizes"); is_base && sizes != nullptr) {
    diagnostics_.Error(sizes->place, "a recipe that is extended has no sizes",
                       "sizes in the recipe that is run");
  }
  if (!is_base) ReadSizes();
}

const Entry* RecipeSources::ChooseSize(const Node& recipe) {
  const Node* sizes = recipe.Find("sizes");
  const bool has_sizes = sizes != nullptr && sizes->IsMapping() && !sizes->entries.empty();
  if (has_sizes && wanted_size_.empty()) return &sizes->entries.front();
  std::vector<std::string> names;
  for (size_t i = 0; has_sizes && i < sizes->entries.size(); ++i) {
    if (sizes->entries[i].key == wanted_size_) return &sizes->entries[i];
    names.push_back(sizes->entries[i].key);
  }
  if (wanted_size_.empty()) return nullptr;
  whole_ = false;
  diagnostics_.Error(has_sizes ? sizes->place : beginning(),
                     fmt::format("the recipe has no {} \"{}\", which --size asks for",
                                 has_sizes ? "size" : "sizes, so none", wanted_size_),
                     has_sizes ? OneOf(names) : "no --size",
                     ClosestWord(wanted_size_, names).value_or(""));
  return nullptr;
}

void RecipeSources::ReadSizes() {
  const SizeTexts sizes = file_.sizes;
  const RecipeFile without_size = file_;
  for (const SizeText& size : sizes.list) {
    if (size.name == size_) {
      ReadSize(size, file_, places_);
      continue;
    }
    RecipeFile unused = without_size;
    Places nowhere;
    ReadSize(size, unused, nowhere);
  }
}

void RecipeSources::ReadSize(const SizeText& size, RecipeFile& file, Places& places) {
  Node keys = size.keys;
  std::erase_if(keys.entries, [&](const Entry& entry) {
    if (entry.key != "name" && entry.key != "sizes") return false;
    diagnostics_.Error(entry.place, fmt::format("a size has no {} of its own", entry.key),
                       "no such key: the study of a size has the recipe's name and the size's");
    return true;
  });
  const std::optional<Place> goal = places.Find("metric.goal");
  const std::optional<Place> metric = places.Find("metric.name");
  ReadMapping(keys, file, "",
              {diagnostics_, places, known_paths_, "a size of a recipe", &readers_});
  if (places.Find("metric.name") != metric && places.Find("metric.goal") == goal) {
    places.Forget("metric.goal");
  }
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
  const std::string& head = path.steps.front().name;
  if (head == "extends" || head == "sizes") {
    diagnostics_.Error(place, fmt::format("{} belongs in a recipe", head),
                       head == "sizes" ? "--size NAME, which chooses one of a recipe's sizes"
                                       : "--set of what the base would set");
    return;
  }
  const std::optional<Node> node = ParseDocument(source, diagnostics_);
  whole_ &= node.has_value();
  if (node) SetAt(file_, path, *node, reading());
  ForgetGoalOfAnotherMetric(source);
}

}  // namespace upcycle
