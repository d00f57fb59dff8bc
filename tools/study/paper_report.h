#pragma once

#include <vector>

#include "core/claims/paper.h"
#include "experiments/study/study.h"
#include "results/findings/report.h"
#include "tools/terminal/state_options.h"

namespace upcycle {

// What the ledger's runs say of a paper's claims; `studies` are those that runs decide about. All
// but the command. Warns, to standard error, of recorded runs that the recipes no longer ask for.
FindingsReport ReportOn(const Paper& paper, const std::vector<Study>& studies,
                        const StateOptions& state);

}  // namespace upcycle
