// The values of metrics over steps, the newest of each kept apart, and final results. Part of the
// writer; the caller holds the transaction.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/journal.h"
#include "results/ledger/database.h"
#include "results/ledger/journal_events.h"

namespace upcycle {

class PointTable {
 public:
  explicit PointTable(Database& ledger);

  // Holds back a point until Write, so that all points of a batch are written in the table's order:
  // neighbours then fall on the same page.
  void Add(const JournalPoint& point);
  void Write(int64_t stage);

  void WriteResult(int64_t stage, const Result& result);

  // Drops what was held back and the numbers of metrics that a rolled-back transaction has given.
  void Discard();

 private:
  struct Row {
    int64_t metric;
    int64_t step;
    double value;
  };
  int64_t MetricId(std::string_view name);

  Database& ledger_;
  Statement insert_point_;
  Statement insert_latest_;
  Statement insert_result_;
  Statement find_metric_;
  Statement insert_metric_;
  std::unordered_map<std::string, int64_t> metrics_;
  std::vector<Row> rows_;
};

}  // namespace upcycle
