#include "results/ledger/result_table.h"

namespace upcycle {

std::vector<Result> ReadResults(Database& ledger, int64_t stage) {
  std::vector<Result> results;
  Statement rows = ledger.Prepare(
      "SELECT metric.name, value, standard_error, count FROM result "
      "JOIN metric ON metric.id = result.metric WHERE stage = ? ORDER BY metric.name");
  rows.Bind(stage);
  while (rows.Step()) {
    Result result = {.metric = rows.Text(0), .value = rows.Real(1)};
    if (!rows.IsNull(2)) result.standard_error = rows.Real(2);
    if (!rows.IsNull(3)) result.count = rows.Int(3);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace upcycle
