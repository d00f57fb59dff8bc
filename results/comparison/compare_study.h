// Makes the comparison of a study from the ledger. It depends on results alone: no clock, host,
// path or order of recording reaches it.
#pragma once

#include <string_view>

#include "results/comparison/compare_options.h"
#include "results/comparison/comparison.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

// The columns are those that the options or the recipe's table name, else the usual ones
// (results/comparison/choose_columns.h). Conditions leave arms out of the table and not out of the
// family of its tests. Throws Error(kInput) for an unknown study, for options that mean nothing in
// it, with what there is, and for a column of system metrics.
//
// Who compares a study again and again as its seeds come keeps a table of sequential tests.
Comparison CompareStudy(LedgerReader& ledger, std::string_view study,
                        const CompareOptions& options = {}, SequentialTable* table = nullptr);

}  // namespace upcycle
