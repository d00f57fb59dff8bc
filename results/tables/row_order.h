#pragma once

#include <cstddef>
#include <string>

#include "results/tables/table.h"

namespace upcycle {

// Sorts rows by a column: numbers by size, text by its letters unless both texts are numbers. Rows
// without a value come last either way, and equals stay in their order.
void SortRows(Table* table, size_t column, bool descending);

// Whether the text of one is less than the other's, as SortRows has it.
bool TextIsLess(const std::string& a, const std::string& b);

}  // namespace upcycle
