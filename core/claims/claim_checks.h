// What must hold for claims beyond the types of their values.
#pragma once

#include <string>
#include <vector>

#include "core/claims/paper.h"
#include "core/recipe/reader.h"

namespace upcycle {

// Reports what is missing in claims, given twice, or contradicts itself.
void CheckClaims(const ClaimsFile& file, const Reading& reading, const Place& beginning);

// Reports arms that the claim's study does not have, and metrics that they do not record. `path` is
// the claim's: "claims.3".
void CheckAgainstStudy(const Claim& claim, const std::string& path, const Recipe& recipe,
                       const Reading& reading);

}  // namespace upcycle
