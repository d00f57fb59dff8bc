// A folder of recipes for one test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/recipe/recipe.h"
#include "tests/temporary_folder.h"

namespace upcycle {

class RecipeFolder {
 public:
  const std::filesystem::path& path() const { return folder_.path(); }

  void Write(const std::string& name, std::string_view text) const { Put(folder_ / name, text); }

  Recipe Load(const std::string& name, const std::vector<std::string>& overrides = {}) const {
    return LoadRecipe(folder_ / name, overrides);
  }

  // What is wrong with a recipe, its folder left out of the places; "" if nothing is.
  std::string Mistakes(const std::string& name,
                       const std::vector<std::string>& overrides = {}) const {
    try {
      Load(name, overrides);
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kInput);
      return WithoutFolder(error.what()) + "\n";
    }
    return "";
  }

  // The warnings of a recipe that loads, as people read them.
  std::string Warnings(const std::string& name) const {
    std::string text;
    for (const RecipeWarning& warning : Load(name).warnings) text += warning.text;
    return WithoutFolder(text);
  }

 private:
  std::string WithoutFolder(std::string text) const {
    const std::string prefix = path().string() + "/";
    for (size_t at = text.find(prefix); at != text.npos; at = text.find(prefix, at)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  TemporaryFolder folder_;
};

// The mistakes of a recipe of one file, a.yaml.
inline std::string MistakesIn(std::string_view text,
                              const std::vector<std::string>& overrides = {}) {
  const RecipeFolder folder;
  folder.Write("a.yaml", text);
  return folder.Mistakes("a.yaml", overrides);
}

// The last line of a recipe that is not about fairness.
inline constexpr const char* kAllowAll = "allow: [two_factors, unequal_compute, untuned_rate]\n";

inline std::string WarningsIn(std::string_view text) {
  const RecipeFolder folder;
  folder.Write("a.yaml", text);
  return folder.Warnings("a.yaml");
}

inline Recipe LoadText(std::string_view text, const std::vector<std::string>& overrides = {}) {
  const RecipeFolder folder;
  folder.Write("a.yaml", text);
  return folder.Load("a.yaml", overrides);
}

inline std::vector<std::string> ArmNames(const Recipe& recipe) {
  std::vector<std::string> names;
  for (const Arm& arm : recipe.arms) names.push_back(arm.name);
  return names;
}

}  // namespace upcycle
