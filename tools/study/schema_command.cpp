// `upcycle schema`

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/recipe/help.h"
#include "core/recipe/schema.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"

namespace upcycle {

int SchemaCommand(const Arguments& arguments) {
  bool text = false;
  CommandLine line(
      "schema [options]",
      "Prints the JSON Schema of recipes, for editors with a YAML language server: write it to\n"
      "a file and name that in a recipe's first line,\n"
      "  # yaml-language-server: $schema=recipe.schema.json");
  line.Flag("text", &text, "every key with default, range and meaning, to be read");
  line.Parse(arguments);
  if (text) {
    fmt::print("{}", HelpText());
  } else {
    fmt::print("{}\n", RecipeSchema().dump(2));
  }
  return kExitDone;
}

}  // namespace upcycle
