// The rows of `result` and the tasks of `item` that one stage has.
#pragma once

#include <string>
#include <vector>

#include "results/ledger/database.h"
#include "results/ledger/journal_events.h"

namespace upcycle {

// In the order of the alphabet.
std::vector<Result> ReadResults(Database& ledger, int64_t stage);

// That it has items of, in the same order: "mmlu/physics".
std::vector<std::string> ReadTasks(Database& ledger, int64_t stage);

}  // namespace upcycle
