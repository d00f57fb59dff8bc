// Which runs are asked for, where seeds come until arms are decided
// (results/comparison/seed_rounds.h). It is read off the very comparison that the study's table
// shows, so that the two cannot disagree.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "experiments/study/study.h"
#include "results/ledger/ledger_reader.h"
#include "results/statistics/sequential_test.h"

namespace upcycle {

class SeedTurns {
 public:
  SeedTurns(const Study& study, const fs::path& ledger);

  // After a stage has ended, well or not.
  void Look();
  // Why none of the runs that need this stage is asked for; empty where one is.
  std::string WhyNotAsked(const Fingerprint& stage) const;
  // Whether no further runs will be asked for.
  bool IsOver() const { return is_over_; }

 private:
  // A run: of which arm, and the how manieth of its seeds, from 0.
  struct Turn {
    size_t arm;
    int64_t number;
  };

  bool is_sequential_;
  std::string study_;
  LedgerReader ledger_;
  SequentialTable table_;                           // of the tests at all looks so far
  std::map<Fingerprint, std::vector<Turn>> turns_;  // of the runs that need a stage
  std::vector<int64_t> asked_;                      // seeds of each arm
  std::vector<std::string> why_;                    // an arm gets no more for now
  bool is_over_ = false;
};

}  // namespace upcycle
