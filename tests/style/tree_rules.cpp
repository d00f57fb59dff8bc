#include <algorithm>
#include <set>

#include "tests/style/rules.h"

namespace upcycle::style {
namespace {

constexpr std::string_view kTopLevelNames[] = {"CMakeLists.txt", "core",    "kernels",
                                               "experiments",    "recipes", "results",
                                               "tests",          "tools",   "README.md"};

// Tests of no folder in particular: of the tree itself, and of whole models.
constexpr std::string_view kTestsOfTheirOwn[] = {"tests/style", "tests/golden"};

bool IsOfItsOwn(std::string_view folder) {
  return std::ranges::any_of(kTestsOfTheirOwn, [&](std::string_view own) {
    return folder.starts_with(own) && (folder.size() == own.size() || folder[own.size()] == '/');
  });
}

// Every folder that holds a file, itself or below: "core", "core/data", …
std::set<std::string> FoldersOf(const Tree& tree) {
  std::set<std::string> folders;
  for (const SourceFile& file : tree) {
    for (size_t at = file.path.find('/'); at != std::string::npos;
         at = file.path.find('/', at + 1)) {
      folders.insert(file.path.substr(0, at));
    }
  }
  return folders;
}

// Beside a page that `upcycle publish` wrote.
bool IsPublished(const Tree& tree, const SourceFile& file) {
  const std::string page = file.path.substr(0, file.path.rfind('/')) + "/README.md";
  return std::ranges::any_of(tree, [&](const SourceFile& other) {
    return other.path == page && !other.lines.empty() &&
           other.lines.front().starts_with("<!-- upcycle publish ");
  });
}

}  // namespace

Violations UnknownTopLevelNames(const Tree& tree) {
  Violations found;
  std::set<std::string> names;
  for (const SourceFile& file : tree) names.insert(file.path.substr(0, file.path.find('/')));
  for (const std::string& name : names) {
    if (name.starts_with('.')) continue;
    if (std::ranges::find(kTopLevelNames, name) != std::end(kTopLevelNames)) continue;
    found.push_back({name, 0, "the top level has fixed names, and this is none of them"});
  }
  return found;
}

Violations TestsThatMirrorNothing(const Tree& tree) {
  Violations found;
  const std::set<std::string> folders = FoldersOf(tree);
  const std::string prefix = "tests/";
  for (const std::string& folder : folders) {
    if (!folder.starts_with(prefix) || IsOfItsOwn(folder)) continue;
    if (folders.contains(folder.substr(prefix.size()))) continue;
    found.push_back({folder, 0, "tests mirror the tree, and the tree has no such folder"});
  }
  return found;
}

Violations RecipesThatAreNotYaml(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!file.IsIn("recipes") || file.HasExtension(".yaml") || file.HasExtension(".md")) continue;
    if (IsPublished(tree, file)) continue;
    found.push_back({file.path, 0,
                     "recipes/ holds .yaml, .md for what they showed, and folders that `upcycle "
                     "publish` wrote"});
  }
  return found;
}

}  // namespace upcycle::style
