// Whom a stage was done for, and what readers know it by: most are one run's, the parent's are
// everybody's.
#pragma once

#include <string>
#include <vector>

#include "results/ledger/ledger_reader.h"

namespace upcycle {

struct StageOwner {
  std::vector<size_t> arms;  // rising, each once; empty: of no run that is still in the recipe
  std::string name;          // "train E8T2, seed 3"; "parent of 12 runs"; of no run, empty
};

// One for each stage of the study, in their order.
std::vector<StageOwner> OwnersOf(const StudyFacts& study);

}  // namespace upcycle
