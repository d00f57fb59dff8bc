// Studies of any size and shape, for what has to be looked at or measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/ledger/ledger_writer.h"

namespace upcycle {

// Its arms are a full grid of settings. Values are made up, and the same each time.
struct SampledStudy {
  std::string name = "sampled";
  std::string arm = "";             // what the names of its arms begin with
  std::vector<size_t> levels = {};  // of each setting, five at most; empty: the baseline alone
  int64_t seeds = 4;
  int64_t points = 20;                     // of each series that a training records
  bool settings = false;                   // the table has a column for each of them
  StageState end = StageState::kComplete;  // of every training; kPlanned: none has begun
};

// Studies of one ledger share no stage where their arms' names differ.
void RecordSampledStudy(const SampledStudy& how, LedgerWriter* ledger);

}  // namespace upcycle
