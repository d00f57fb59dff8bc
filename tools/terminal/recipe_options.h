// What the commands that read a recipe have in common.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/recipe.h"
#include "tools/terminal/command_line.h"

namespace upcycle {

// What is in the files that a recipe's runs read, and what is wrong with them.
FileKnowledge KnowFiles();

struct RecipeOptions {
  std::string recipe;
  std::string size;  // empty: the recipe's first
  std::vector<std::string> overrides;

  void Declare(CommandLine& line, const char* name = "RECIPE", const char* help = "a YAML file") {
    line.Positional(name, &recipe, help);
    line.Option("size", &size, "NAME of one of the recipe's sizes; its first without it");
    line.Option("set", &overrides, "PATH=VALUE in place of what the recipe says (repeatable)");
  }

  // The recipe, its warnings printed to standard error. Throws Error(kInput) with all mistakes.
  Recipe Load() const;

  // The same for a recipe that is only looked at: what is wrong with its files are warnings, and
  // `has_data` says whether there were any.
  Recipe LoadWithoutData(bool* has_data) const;
};

}  // namespace upcycle
