// What runs were made of each time that their study was recorded: a recipe that changed gives them
// other stages, and the ledger keeps the last ones only.
#pragma once

#include <vector>

#include "core/files.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

// Oldest first: as the root's journal (results/ledger/root_journal.h) tells, as far as it can be
// read, and then as the ledger has them now. Recipes and the settings of stages are left out, so
// that a thousand runs fit; those of stages are in the ledger (LedgerReader::ReadStageSettings).
std::vector<StudyRecord> ReadStudyHistory(LedgerReader& ledger, const fs::path& root_journal);

}  // namespace upcycle
