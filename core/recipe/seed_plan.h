// Which seeds a recipe's arms may run with, and in which order.
#pragma once

#include <cstdint>
#include <vector>

#include "core/recipe/reader.h"
#include "core/recipe/recipe_file.h"

namespace upcycle {

// `seeds.values`; where seeds end once arms are decided and no values are listed, the first
// `seeds.at_most` from 0. Mistakes become diagnostics at `beginning`, or where the key stands.
std::vector<int64_t> PlannedSeeds(const RecipeFile& file, const Reading& reading,
                                  const Place& beginning);

}  // namespace upcycle
