// The values that a paper's claims compare, from the ledger.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/claims/paper.h"
#include "results/ledger/ledger_reader.h"
#include "results/statistics/verdict.h"

namespace upcycle {

// Two arms of a study, and what of them is compared.
struct ValueQuestion {
  size_t study = 0;  // of Paper::studies
  std::string arm;
  std::string than;
  std::string metric;
  double at = 1;  // share of the training steps
};

struct ValuePairs {
  PairedValues values;  // one entry for each seed of the recipe; NaN: missing
  std::string missing;  // what is missing, in words; empty: nothing
};

class ClaimValues {
 public:
  // Both outlive it; null: there is no ledger yet.
  ClaimValues(const Paper& paper, LedgerReader* ledger);

  // At the end values are those of a comparison (LedgerReader::ReadValues). Before, they lie on the
  // straight line between the training's recorded points around that share of its steps.
  ValuePairs Read(const ValueQuestion& question);

 private:
  const ArmFacts* FindArm(size_t study, const std::string& name);
  double ValueOf(const ValueQuestion& question, const ArmFacts& arm, const RunFacts& run);
  double ValueAlongTheWay(const ValueQuestion& question, const ArmFacts& arm, const RunFacts& run);
  // The value of each seed, and which seeds have none.
  std::vector<double> ValuesOf(const ValueQuestion& question, const std::string& name,
                               std::string& missing);

  const Paper& paper_;
  LedgerReader* ledger_;
  std::vector<std::optional<StudyFacts>> studies_;  // empty: the ledger does not have it
};

// The value of a series at a step: on the straight line between the points around it; NaN before
// the first and behind the last. Points are in the order of their steps.
double ValueAtStep(const std::vector<MetricPoint>& points, double step);

}  // namespace upcycle
