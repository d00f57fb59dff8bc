// The evidence laid out as a table: a row for each arm that is shown, against the baseline.
#pragma once

#include "results/comparison/comparison.h"
#include "results/evidence/evidence.h"
#include "results/tables/table.h"

namespace upcycle {

// Throws Error(kInput) where the study has no baseline, or no arm beside it is shown.
Table EvidenceTableOf(const Comparison& comparison);

}  // namespace upcycle
