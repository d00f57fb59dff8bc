// What the evaluations of a stage came to, one row for a metric. The caller holds the transaction.
#pragma once

#include <vector>

#include "results/ledger/database.h"
#include "results/ledger/journal_events.h"

namespace upcycle {

// By metric, in the order of the alphabet.
std::vector<Result> ReadResults(Database& ledger, int64_t stage);

}  // namespace upcycle
