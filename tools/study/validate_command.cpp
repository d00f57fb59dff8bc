// `upcycle validate RECIPE`

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/commands.h"
#include "tools/terminal/recipe_options.h"

namespace upcycle {

int ValidateCommand(const Arguments& arguments) {
  RecipeOptions options;
  bool json = false;
  CommandLine line("validate RECIPE [options]",
                   "Reads a recipe and all it extends, and reports every mistake with its place. "
                   "Nothing starts.");
  options.Declare(line);
  line.Flag("json", &json, "the resolved recipe as JSON");
  line.Parse(arguments);
  const Recipe recipe = options.Load();
  if (json) {
    fmt::print("{}\n", ResolvedRecipe(recipe).dump(2));
  } else {
    fmt::print("{}", DescribeRecipe(recipe));
  }
  return kExitDone;
}

}  // namespace upcycle
