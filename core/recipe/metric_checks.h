// What a recipe asks its runs to measure, held against what they will.
#pragma once

#include <vector>

#include "core/recipe/arm_checks.h"
#include "core/recipe/reader.h"
#include "core/recipe/recipe_file.h"

namespace upcycle {

// Reports a metric that not every arm records, or whose better direction nobody states; columns of
// the table that no arm records; and arms that are judged by losses of unlike texts or tokens.
// Nothing is concluded from data that could not be read.
void CheckMetrics(const std::vector<Candidate>& candidates, const RecipeFile& file,
                  const Reading& reading, const Place& recipe);

// The goal that the recipe gives, else the usual one of its metric.
Goal GoalOf(const MetricSettings& metric, const Places& places);

}  // namespace upcycle
