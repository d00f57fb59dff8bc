#include "results/ledger/point_table.h"

#include <algorithm>
#include <tuple>

namespace upcycle {

PointTable::PointTable(Database& ledger)
    : ledger_(ledger),
      insert_point_(ledger.Prepare(
          "INSERT OR REPLACE INTO point (stage, metric, step, value) VALUES (?, ?, ?, ?)")),
      insert_latest_(
          ledger.Prepare("INSERT INTO latest (stage, metric, step, value) VALUES (?, ?, ?, ?) "
                         "ON CONFLICT DO UPDATE SET step = excluded.step, value = excluded.value "
                         "WHERE excluded.step >= step")),
      insert_result_(ledger.Prepare(
          "INSERT OR REPLACE INTO result (stage, metric, value, standard_error, count) "
          "VALUES (?, ?, ?, ?, ?)")),
      find_metric_(ledger.Prepare("SELECT id FROM metric WHERE name = ?")),
      insert_metric_(ledger.Prepare("INSERT INTO metric (name) VALUES (?)")) {}

int64_t PointTable::MetricId(std::string_view name) {
  const auto [known, added] = metrics_.try_emplace(std::string(name), 0);
  if (!added) return known->second;
  find_metric_.Bind(name);
  if (find_metric_.Step()) {
    known->second = find_metric_.Int(0);
    find_metric_.Reset();
  } else {
    insert_metric_.Bind(name).Run();
    known->second = ledger_.LastInsertId();
  }
  return known->second;
}

void PointTable::Add(const JournalPoint& point) {
  const auto known = metrics_.find(point.metric);
  const int64_t metric = known != metrics_.end() ? known->second : MetricId(point.metric);
  rows_.push_back({metric, point.step, point.value});
}

void PointTable::Write(int64_t stage) {
  // Stable: of two values for one step the later one stays the later one.
  std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return std::tie(a.metric, a.step) < std::tie(b.metric, b.step);
  });
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    const bool newest = i + 1 == rows_.size() || rows_[i + 1].metric != row.metric;
    insert_point_.Bind(stage, row.metric, row.step, row.value).Run();
    if (newest) insert_latest_.Bind(stage, row.metric, row.step, row.value).Run();
  }
  rows_.clear();
}

void PointTable::WriteResult(int64_t stage, const Result& result) {
  insert_result_
      .Bind(stage, MetricId(result.metric), result.value, result.standard_error, result.count)
      .Run();
}

void PointTable::Discard() {
  rows_.clear();
  metrics_.clear();
}

}  // namespace upcycle
