// Which arms of a study a plot shows, and in which style.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/ledger/ledger_reader.h"
#include "results/ledger/records.h"

namespace upcycle {

// The arms of a study, in the order of the recipe.
struct ArmEntries {
  struct Entry {
    std::string name;
    double value = 0;  // the mean of the study's metric; NaN: there is none yet
  };
  std::string study;
  std::string baseline;
  std::string metric;
  Preference preference = Preference::kLower;
  std::vector<Entry> arms = {};
};
ArmEntries ReadArmEntries(LedgerReader& ledger, const StudyFacts& study);

struct ChosenArms {
  std::vector<size_t> arms;  // places in ArmEntries::arms: the baseline, then as in the recipe
  std::string note;          // a sentence where some are left out; else empty
};

// Those named; else all, or, if they are more than `most`, the baseline and the best by the study's
// metric. Throws Error(kInput) for a name that no arm has.
ChosenArms ChooseArms(const ArmEntries& entries, const std::vector<std::string>& names,
                      size_t most);

}  // namespace upcycle
