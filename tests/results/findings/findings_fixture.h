// A paper with one study, "study", whose arms are those of StudyOf.
#pragma once

#include <string>
#include <vector>

#include "core/claims/paper.h"
#include "tests/results/fixture.h"

namespace upcycle {

// Arms of a study with these seeds; budgets and metrics are those of default settings.
Paper PaperOn(const std::vector<std::string>& arms, const std::vector<int64_t>& seeds);

// Adds a claim about arms of the study.
Claim& AddClaim(Paper& paper, const std::string& id, const std::string& arm, Relation relation,
                const std::string& than);

}  // namespace upcycle
