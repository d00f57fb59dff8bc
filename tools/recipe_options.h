// What the commands that read a recipe have in common.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/recipe.h"
#include "tools/command_line.h"

namespace upcycle {

struct RecipeOptions {
  std::string recipe;
  std::vector<std::string> overrides;

  void Declare(CommandLine& line) {
    line.Positional("RECIPE", &recipe, "a YAML file");
    line.Option("set", &overrides, "PATH=VALUE in place of what the recipe says (repeatable)");
  }

  // The recipe, its warnings printed to standard error. Throws Error(kInput) with all mistakes.
  Recipe Load() const;
};

}  // namespace upcycle
