// Final values, as the ledger understands them (results/ledger/journal_events.h).
#pragma once

#include <optional>
#include <string_view>

#include "core/data/dataset.h"
#include "core/journal.h"
#include "experiments/run/validation.h"

namespace upcycle {

void RecordResult(JournalWriter& journal, std::string_view metric, double value,
                  std::optional<double> standard_error, int64_t count);

// Losses on every held-out set, all windows or `windows` of each: validation/NAME/{loss,
// perplexity, bits_per_byte}, and over all sets together validation/{…}. Bits per byte are left out
// where nobody knows the text's bytes.
void RecordValidation(JournalWriter& journal, Validator& validator, const Dataset& dataset,
                      int64_t windows);

}  // namespace upcycle
