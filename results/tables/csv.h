#pragma once

#include <string>
#include <vector>

#include "results/tables/table.h"

namespace upcycle {

// RFC 4180: a line of names, then one for each row, ended by CR LF. For programs: every number in
// full precision and in a column of its own (an estimate is two, `key` and `key half_width`), and
// an empty field where there is none. The study stands in every row, so that files can be joined;
// the notes are left out.
std::string ToCsv(const Table& table);

// One line of such a file, of fields as they are.
std::string CsvLine(const std::vector<std::string>& fields);

}  // namespace upcycle
