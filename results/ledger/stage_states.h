// Where every stage of a ledger stands: what planning needs to know.
#pragma once

#include <map>

#include "core/fingerprint.h"
#include "results/ledger/database.h"
#include "results/ledger/records.h"

namespace upcycle {

std::map<Fingerprint, StageState> ReadStageStates(Database& ledger);

}  // namespace upcycle
