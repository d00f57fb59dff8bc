// What models answered to benchmarks, side by side.
#pragma once

#include <string>
#include <string_view>

#include "results/ledger/ledger_reader.h"
#include "results/tables/table.h"

namespace upcycle {

// A row for each benchmark and model, MMLU's four groups apart too: accuracies ± their standard
// errors over items, and the difference to the first model with its 95 % interval over the items
// that both were asked. Models whose questions are not all answered are left out, and named in a
// note. Throws Error(kInput) for an unknown study.
Table EvaluationTable(LedgerReader& ledger, std::string_view study);

// All of it in full precision, MMLU's subjects too: {"study", "models": [{"name", "results":
// [{"metric", "value", "standard_error", "count"}]}]}.
std::string EvaluationJson(LedgerReader& ledger, std::string_view study);

}  // namespace upcycle
