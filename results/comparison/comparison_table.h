// A comparison laid out as a table, one row an arm.
#pragma once

#include "results/comparison/comparison.h"
#include "results/tables/table.h"

namespace upcycle {

Table TableOf(const Comparison& comparison);

}  // namespace upcycle
