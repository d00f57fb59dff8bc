// The whole recipe file as a JSON Schema (draft 2020-12) for editors, from the same declarations
// that read it. A recipe names it in its first line:
//
//   # yaml-language-server: $schema=recipe.schema.json
//
// Only keywords that drafts 7 and 2020-12 share are used, since editors lag behind. Words of enums
// have their help in `enumDescriptions`. `name` is not required: bases that are only extended have
// none.
#pragma once

#include <nlohmann/json.hpp>

namespace upcycle {

nlohmann::json RecipeSchema();

}  // namespace upcycle
