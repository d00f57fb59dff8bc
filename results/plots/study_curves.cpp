#include "results/plots/study_curves.h"

#include <cmath>
#include <optional>

#include "results/plots/training_axis.h"

namespace upcycle {
namespace {

// A pointer into each run, moved forward together.
class StepWalk {
 public:
  explicit StepWalk(const std::vector<RunCurve>& runs) : runs_(runs), places_(runs.size()) {}

  // The points of all runs at the next step that all have; empty behind the last.
  std::vector<const CurvePoint*> Next() {
    int64_t step = 0;
    for (size_t same = 0, run = 0; same < runs_.size(); run = (run + 1) % runs_.size()) {
      const std::vector<CurvePoint>& points = runs_[run].points;
      size_t& place = places_[run];
      while (place < points.size() && points[place].step < step) ++place;
      if (place == points.size()) return {};
      same = points[place].step == step ? same + 1 : 1;
      step = points[place].step;
    }
    std::vector<const CurvePoint*> found;
    for (size_t run = 0; run < runs_.size(); ++run) {
      found.push_back(&runs_[run].points[places_[run]++]);
    }
    return found;
  }

 private:
  const std::vector<RunCurve>& runs_;
  std::vector<size_t> places_;
};

std::optional<int64_t> TrainStage(const StudyFacts& study, const RunFacts& run) {
  const auto stage = run.StageOf(StageRole::kTrain);
  return stage ? std::optional(study.stages[*stage].id) : std::nullopt;
}

}  // namespace

std::vector<RunCurve> ReadCurves(LedgerReader& ledger, const StudyFacts& study, const ArmFacts& arm,
                                 const std::string& metric, Against against) {
  std::vector<RunCurve> curves;
  std::optional<TrainingAxis> axis;
  for (const RunFacts& run : arm.runs) {
    const auto stage = TrainStage(study, run);
    if (!stage) continue;
    const std::vector<MetricPoint> points = ledger.ReadPoints(*stage, metric);
    if (points.empty()) continue;
    if (!axis) axis.emplace(arm, against);
    if (against == Against::kTime) {
      axis->SetRates(ledger.ReadPoints(*stage, "system/tokens_per_second"));
    }
    RunCurve curve = {.seed = run.seed, .points = {}};
    for (const MetricPoint& point : points) {
      const double x = axis->At(point.step);
      if (!std::isfinite(x) || !std::isfinite(point.value)) continue;
      curve.points.push_back({point.step, x, point.value});
    }
    if (!curve.points.empty()) curves.push_back(std::move(curve));
  }
  return curves;
}

std::set<std::string> CurveMetrics(LedgerReader& ledger, const StudyFacts& study) {
  std::set<std::string> names;
  for (const ArmFacts& arm : study.arms) {
    for (const RunFacts& run : arm.runs) {
      const auto stage = TrainStage(study, run);
      if (!stage) continue;
      for (const auto& [name, point] : ledger.ReadLatest(*stage)) names.insert(name);
    }
  }
  return names;
}

std::vector<MeanPoint> MeanOf(const std::vector<RunCurve>& runs, double interval) {
  std::vector<MeanPoint> mean;
  if (runs.empty()) return mean;
  StepWalk walk(runs);
  std::vector<double> values;
  for (auto points = walk.Next(); !points.empty(); points = walk.Next()) {
    values.clear();
    double x = 0;
    for (const CurvePoint* point : points) {
      values.push_back(point->value);
      x += point->x;
    }
    mean.push_back({points.front()->step, x / static_cast<double>(points.size()),
                    Summarize(values, interval)});
  }
  return mean;
}

}  // namespace upcycle
