#pragma once

#include "results/comparison/comparison.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

// Decides which columns the table has, or that it is a grid, and which metrics are read for that,
// from `comparison.table` and the settings of the arms that are shown. Without a list of columns:
// seeds, the primary metric with its test; the other losses and accuracies of the evaluation, the
// loss on a held-out set only where there are several; dropped share, load entropy, dead experts
// and cosine to the parent where an arm has experts; and the costs. Throws Error(kInput) for a
// metric of the system, and where `known_only` for what nothing of this study has, with what it
// has.
void ChooseColumns(LedgerReader& ledger, const StudyFacts& study, bool known_only,
                   Comparison* comparison);

}  // namespace upcycle
