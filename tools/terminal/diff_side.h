// What `upcycle diff` sets against each other, as its arguments name it.
#pragma once

#include <string>

#include "results/differences/compare_runs.h"

namespace upcycle {

// Whether the word names a recipe's file: it ends in .yaml or .yml.
bool IsRecipeFile(const std::string& word);

// STUDY, STUDY:ARM or STUDY:ARM/SEED; of names that have a colon the longest that fits. Throws
// Error(kInput), with what there is, for anything else.
ChosenRuns ChooseRuns(const std::string& word, LedgerReader& ledger);

}  // namespace upcycle
