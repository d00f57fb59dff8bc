// Whether a study's comparisons can be laid to what they are meant to compare. What is found are
// warnings, each of which a recipe can silence by name (`allow`) where it is meant:
//
//   two_factors      an arm differs from the one that it is compared with in several factors at
//                    once, and no other arms tell these apart; all that makes a dense model a
//                    mixture of experts is one factor
//   unequal_compute  arms train on unequal tokens, or take unequal FLOPs, and no match makes up
//                    for it
//   untuned_rate     arms differ in something that moves the best learning rate, and all have one
#pragma once

#include <vector>

#include "core/recipe/arm_checks.h"
#include "core/recipe/reader.h"
#include "core/recipe/recipe_file.h"

namespace upcycle {

// Looks at arms that have no mistakes; where there are any, it finds nothing. `baseline` is one of
// the candidates.
void CheckFairness(const std::vector<Candidate>& candidates, size_t baseline,
                   const RecipeFile& file, const Reading& reading);

}  // namespace upcycle
