// A study's record as JSON and back, for the journal of a root and for bundles.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "results/ledger/records.h"

namespace upcycle {

nlohmann::json JsonOf(const StudyRecord& study);

// Throws Error(kInput) for JSON that no study gave.
StudyRecord StudyFromJson(const nlohmann::json& json);

}  // namespace upcycle
