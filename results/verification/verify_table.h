// Whether a document's table still says what the ledger says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/comparison/compare_options.h"
#include "results/ledger/ledger_reader.h"
#include "results/verification/committed_table.h"
#include "results/verification/table_differences.h"

namespace upcycle {

struct VerifiedTable {
  int64_t line = 0;  // where it begins
  std::string study;
  std::string command;                // that it says made it; empty: it does not say
  std::string reason;                 // why it cannot be checked; empty: it was
  int64_t cells = 0;                  // that were checked
  std::vector<std::string> left_out;  // rows of a CSV file, which need not show all
  std::vector<CellDifference> differences;
};

// What a table without a command was asked for: the columns of CSV, which stand there by their
// keys, or the evidence, whose columns CSV has too; else what the recipe says.
CompareOptions OptionsFrom(const CommittedTable& table, TableForm form);

// Makes the table again, as it was asked for. CSV may be as it is with or without incomplete arms
// judged.
VerifiedTable VerifyTable(LedgerReader& ledger, const CommittedTable& table, TableForm form,
                          CompareOptions options);

}  // namespace upcycle
