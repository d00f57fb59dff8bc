// Makes the comparison of a study from the ledger. It depends on results alone: no clock, host,
// path or order of recording reaches it.
#pragma once

#include <string_view>

#include "results/comparison/comparison.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

struct CompareOptions {
  bool allow_incomplete = false;  // judge arms whose seeds are not all there by those that are
};

// The columns are those of the recipe's table. Without any: the primary metric; the other losses
// and accuracies of the evaluation, the loss on a held-out set only where there are several;
// dropped share, load entropy, dead experts and cosine to the parent where an arm has experts; and
// the costs. Throws Error(kInput) for an unknown study, and for a column of system metrics.
Comparison CompareStudy(LedgerReader& ledger, std::string_view study,
                        const CompareOptions& options = {});

}  // namespace upcycle
