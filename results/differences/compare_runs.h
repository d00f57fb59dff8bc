// Finding where two sides differ. A side is a study, or its runs that were chosen.
#pragma once

#include <optional>
#include <string>

#include "core/files.h"
#include "results/differences/difference.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

// A ledger as it was when this was made.
class LedgerView {
 public:
  explicit LedgerView(const fs::path& path);  // as LedgerReader
  LedgerReader& ledger() { return ledger_; }
  const fs::path& path() const { return path_; }  // absolute, behind all links

 private:
  fs::path path_;
  LedgerReader ledger_;
  Transaction snapshot_;
};

struct ChosenRuns {
  std::string name;  // as it was named
  StudyFacts study;
  std::optional<std::string> arm = std::nullopt;  // empty: every one
  std::optional<int64_t> seed = std::nullopt;     // empty: every one
};

// Pairs arms by name where both sides have all of them, and one arm with one arm whatever their
// names; runs by seed, and one run with one run. Throws Error(kInput) where a study meets an arm,
// or an arm a run. `with_system`: values that depend on clock and machine, too.
Difference CompareRuns(const ChosenRuns& a, LedgerView& ledger_a, const ChosenRuns& b,
                       LedgerView& ledger_b, bool with_system);

// The settings alone, of recipes: arms by name, as their recipes resolve.
Difference CompareSettings(const std::string& name_a, const StudyRecord& a,
                           const std::string& name_b, const StudyRecord& b);

}  // namespace upcycle
