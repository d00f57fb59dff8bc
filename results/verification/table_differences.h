// A table of a document against the same table made from the ledger.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/verification/committed_table.h"

namespace upcycle {

struct CellDifference {
  int64_t line = 0;    // of the document; 0: not known
  std::string row;     // its name; empty: it is about no row
  std::string column;  // its title; "note" or "caption" beside the cells; empty: the whole row
  std::string file;    // what the document says; empty: nothing
  std::string ledger;  // what the ledger says; empty: nothing
};

// Names of the rows that the document's table does not have.
std::vector<std::string> RowsLeftOut(const CommittedTable& file, const CommittedTable& ledger,
                                     TableForm form);

// Cell by cell, texts by what they say; rows by their names and columns by their titles, so that
// their order is free. Rows and columns that the document left out count, but for rows of CSV,
// which does not say that it shows all; notes may be left out, and those that are there must be the
// ledger's.
std::vector<CellDifference> DifferencesBetween(const CommittedTable& file,
                                               const CommittedTable& ledger, TableForm form);

}  // namespace upcycle
