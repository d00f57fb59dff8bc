// A comparison laid out as a table: a row for each arm that is shown, or a grid.
#pragma once

#include <cstddef>
#include <string_view>

#include "results/comparison/comparison.h"
#include "results/tables/table.h"

namespace upcycle {

// Throws Error(kInput) where rows are to be sorted by a column that is not there.
Table TableOf(const Comparison& comparison);

// The verdict in its colour; "baseline" for the baseline.
Cell VerdictCell(const ArmComparison& arm);

// The place of a column, by its key or its title. Throws Error(kInput) with those there are.
size_t ColumnNamed(const Table& table, std::string_view name);

}  // namespace upcycle
