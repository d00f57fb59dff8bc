// Where a cell of a table comes from: the runs behind it, the pairs, and the arithmetic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/comparison/comparison.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

struct CellRun {
  int64_t seed = 0;
  StageState state = StageState::kPlanned;
  std::string cause;                  // of a failure
  std::optional<double> value;        // nothing where the run has none
  std::optional<ValueOrigin> origin;  // of the value
  Fingerprint stage;                  // that the value was read from
  int64_t trained_steps = 0;          // of the weights that were measured; 0: not known
  // The last of that stage. What it has depends on machine and clock, and no table shows it.
  std::optional<AttemptFacts> attempt;
};

struct CellPair {
  int64_t seed = 0;
  double arm = 0;
  double baseline = 0;
};

struct CellSource {
  std::string study;
  std::string arm;
  std::string column;         // its key
  std::string shown;          // the cell as people read it
  std::string metric;         // empty where none is behind it
  std::vector<CellRun> runs;  // of the arm
  std::string baseline;       // empty where it is not behind the cell
  std::vector<CellRun> baseline_runs;
  std::vector<CellPair> pairs;      // those with both values
  std::vector<std::string> making;  // how the cell was made of these, a line each
  // Of a difference and its verdict: how sure they are (results/evidence/evidence.h), in lines
  // and as JSON; empty of other cells.
  std::vector<std::string> evidence;
  std::string evidence_json;
};

// Of the cell "ARM,COLUMN", the column by its key or title; of a grid "VALUE,VALUE", the row's and
// the column's. Throws Error(kInput) for what the table does not have, with what it has.
CellSource TraceCell(LedgerReader& ledger, const Comparison& comparison, std::string_view cell);

// For people: stages are folders below `stages`, a path.
std::string ToText(const CellSource& source, const std::string& stages);

// All of it in full precision.
std::string ToJson(const CellSource& source, const std::string& stages);

}  // namespace upcycle
