// A comparison laid out as a table, one row an arm.
#pragma once

#include "results/comparison.h"
#include "results/table.h"

namespace upcycle {

Table TableOf(const Comparison& comparison);

}  // namespace upcycle
