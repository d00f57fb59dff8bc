#pragma once

#include <nlohmann/json_fwd.hpp>

#include "results/evidence/evidence.h"

namespace upcycle {

// Of one arm, in full precision; a number that is not there is null.
nlohmann::ordered_json EvidenceJson(const ArmEvidence& arm);

// Of all arms that are shown, with the notes on them.
nlohmann::ordered_json EvidenceJson(const Evidence& evidence, const Comparison& comparison);

}  // namespace upcycle
