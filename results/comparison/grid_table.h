#pragma once

#include <string>
#include <vector>

#include "results/comparison/comparison.h"
#include "results/tables/table.h"

namespace upcycle {

// The arm in each cell of a comparison's grid.
struct GridArms {
  std::vector<std::string> rows;  // the values of the rows' setting, numbers by size, else in the
  std::vector<std::string> columns;  // order of the recipe; of the columns' setting
  std::vector<std::vector<const ArmComparison*>> arms;  // by row and column; null: none is there
  std::vector<const ArmComparison*> outside;            // have not both settings
};

// Throws Error(kInput) where two arms meet in one cell, with what sets them apart.
GridArms ArrangeGrid(const Comparison& comparison);

// The metric of the grid, a row and a column for each value of its settings.
Table GridTableOf(const Comparison& comparison);

}  // namespace upcycle
