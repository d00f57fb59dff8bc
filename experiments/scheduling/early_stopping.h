// Which arms end before they have used up their budgets, because others were better at the same
// share of their training.
//
// An arm is kept or ended with all its seeds, by their mean validation loss, so that what is left
// is still paired. Decisions are made where every arm has come as far (Jamieson and Talwalkar 2016;
// Golovin et al. 2017 for the median rule), and so depend on values alone: not on how many runs are
// at work at once or on which is faster. A run that is there first waits with a checkpoint.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "experiments/study/study.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

class EarlyStopping {
 public:
  // Looks at what the ledger has of the study's trainings.
  EarlyStopping(const Study& study, const fs::path& ledger);

  // What a training may do now.
  struct Ruling {
    enum class Kind { kGo, kWait, kEnd };
    Kind kind = Kind::kGo;
    std::optional<int64_t> until = std::nullopt;  // kGo: the step up to which; empty: the last
    std::string reason = {};                      // kWait and kEnd: why
  };
  // kGo for what is no training of an arm.
  Ruling Of(const Fingerprint& stage) const;

  // More of this stage is in the ledger.
  void Look(const Fingerprint& stage);
  // The stage will not be completed: its arm is compared with no other any more.
  void Drop(const Fingerprint& stage);

 private:
  struct Arm {
    std::string name;
    bool is_baseline = false;
    std::vector<int64_t> steps;          // at which it is compared
    std::vector<Fingerprint> trainings;  // one for each seed
    bool is_dropped = false;
    std::optional<size_t> next = 0;  // of `steps`; empty: none any more
    std::string ended;               // why; empty: it was not
  };

  void Decide();
  // The mean over its seeds at its decision `number`; nothing while one of them is not there yet.
  std::optional<double> MeanAt(const Arm& arm, size_t number) const;
  void DecideAt(size_t number, const std::vector<Arm*>& arms, const std::vector<double>& means);

  EarlyStoppingSettings settings_;
  LedgerReader ledger_;
  std::vector<Arm> arms_;
  std::map<Fingerprint, size_t> arm_of_;
  std::map<Fingerprint, std::map<int64_t, double>> losses_;  // by step
};

}  // namespace upcycle
