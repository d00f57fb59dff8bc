// Which outputs of complete stages somebody still wants, and why.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/enum_names.h"
#include "core/files.h"
#include "core/fingerprint.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

enum class KeepRule { kBest, kLast, kBaseline, kAllModels, kStarts, kParents, kTokens, kFailed };
template <>
struct EnumNames<KeepRule> {
  static constexpr EnumName<KeepRule> values[] = {
      {KeepRule::kBest, "best", "the trained models of each study's best arm"},
      {KeepRule::kLast, "last", "that of the run that was trained last"},
      {KeepRule::kBaseline, "baseline", "those of the baseline"},
      {KeepRule::kAllModels, "all-models", "every trained model"},
      {KeepRule::kStarts, "starts", "the weights that runs started from"},
      {KeepRule::kParents, "parents", "dense parents and their branches"},
      {KeepRule::kTokens, "tokens", "texts as tokens"},
      {KeepRule::kFailed, "failed", "how far trainings came that failed or diverged"},
  };
};
using KeepRules = std::set<KeepRule>;

// Of every study in the ledger, by stage: a clause, "best arm of routing". What a stage reads that
// is not complete, or that has to be made again, is kept whatever the rules.
std::map<Fingerprint, std::string> KeptOutputs(LedgerReader& ledger, const KeepRules& rules,
                                               const fs::path& root);

}  // namespace upcycle
