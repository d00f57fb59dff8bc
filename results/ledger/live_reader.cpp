#include "results/ledger/live_reader.h"

#include <algorithm>
#include <cmath>

#include "results/ledger/stored_value.h"

namespace upcycle {
namespace {

// The stages of a study's present runs.
constexpr const char* kStagesOfStudy =
    "SELECT run_stage.stage FROM arm CROSS JOIN run ON run.arm = arm.id AND NOT run.absent "
    "CROSS JOIN run_stage ON run_stage.run = run.id WHERE arm.study = ? AND NOT arm.absent";

}  // namespace

int64_t LiveReader::MetricNumber(std::string_view name) {
  if (const auto known = metrics_.find(name); known != metrics_.end()) return known->second;
  Statement row = ledger_.Prepare("SELECT id FROM metric WHERE name = ?");
  row.Bind(name);
  const int64_t number = row.Step() ? row.Int(0) : 0;
  return metrics_.emplace(name, number).first->second;
}

std::vector<MetricPoint> LiveReader::ReadThinned(const SeriesPart& part) {
  std::vector<MetricPoint> points;
  const int64_t metric = MetricNumber(part.metric);
  if (metric == 0) return points;
  if (!next_point_) {
    next_point_ = ledger_.Prepare(
        "SELECT step, value FROM point WHERE stage = ? AND metric = ? AND step >= ? "
        "ORDER BY step LIMIT 1");
    newest_point_ =
        ledger_.Prepare("SELECT step, value FROM latest WHERE stage = ? AND metric = ?");
  }
  const auto add = [&](const Statement& row) {
    const MetricPoint point = {row.Int(0), row.Real(1)};
    const bool is_new = points.empty() || points.back().step < point.step;
    if (is_new && std::isfinite(point.value)) points.push_back(point);
    return point.step;
  };
  // Each look-up begins behind the part in which the last one ended.
  const int64_t width = std::max<int64_t>(1, (part.last_step + part.parts) / part.parts);
  int64_t from = 0;
  for (int64_t look = 0; look < part.parts; ++look) {
    next_point_->Bind(part.stage, metric, from);
    if (!next_point_->Step()) break;
    from = (add(*next_point_) / width + 1) * width;
  }
  newest_point_->Bind(part.stage, metric);
  if (newest_point_->Step()) add(*newest_point_);
  next_point_->Reset();
  newest_point_->Reset();
  return points;
}

std::optional<int64_t> LiveReader::ReadNewestStep(int64_t stage, std::string_view metric) {
  Statement row = ledger_.Prepare("SELECT step FROM latest WHERE stage = ? AND metric = ?");
  row.Bind(stage, MetricNumber(metric));
  return row.Step() ? std::optional(row.Int(0)) : std::nullopt;
}

std::map<int64_t, double> LiveReader::ReadSecondsTaken(int64_t study) {
  std::map<int64_t, double> seconds;
  Statement rows = ledger_.Prepare(
      std::string("SELECT stage, wall_seconds FROM attempt WHERE outcome = 'complete' AND "
                  "wall_seconds IS NOT NULL AND stage IN (") +
      kStagesOfStudy + ")");
  rows.Bind(study);
  while (rows.Step()) seconds[rows.Int(0)] = rows.Real(1);
  return seconds;
}

std::vector<TroubledAttempt> LiveReader::ReadTroubles(int64_t study, int64_t most) {
  std::vector<TroubledAttempt> troubles;
  Statement rows = ledger_.Prepare(
      std::string("SELECT stage, number, outcome, cause, message, ended FROM attempt "
                  "WHERE outcome IS NOT NULL AND outcome <> 'complete' AND stage IN (") +
      kStagesOfStudy + ") ORDER BY coalesce(ended, started, 0) DESC, stage, number DESC LIMIT ?");
  rows.Bind(study, most);
  while (rows.Step()) {
    troubles.push_back(ReadStored(rows, [&] {
      TroubledAttempt trouble = {.stage = rows.Int(0),
                                 .number = rows.Int(1),
                                 .outcome = StageStateFromName(rows.Text(2)),
                                 .cause = rows.Text(3),
                                 .message = rows.Text(4),
                                 .time = std::nullopt};
      if (!rows.IsNull(5)) trouble.time = rows.Real(5);
      return trouble;
    }));
  }
  return troubles;
}

}  // namespace upcycle
