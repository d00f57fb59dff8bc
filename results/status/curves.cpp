#include "results/status/curves.h"

#include <algorithm>
#include <map>

#include "results/ledger/live_reader.h"

namespace upcycle {
namespace {

// The trainings of an arm that have values; `steps` becomes those of the longest, as far as it told
// them, else as far as its values go.
std::vector<int64_t> TrainingsOf(const StudyFacts& study, const ArmFacts& arm,
                                 const CurveRequest& request, LiveReader& live, int64_t* steps) {
  std::vector<int64_t> trainings;
  for (const RunFacts& run : arm.runs) {
    const auto train = run.StageOf(StageRole::kTrain);
    if (!train || trainings.size() == request.seeds) continue;
    const StageFacts& stage = study.stages[*train];
    const auto newest = live.ReadNewestStep(stage.id, request.metric);
    if (!newest) continue;
    *steps = std::max({*steps, stage.steps, *newest});
    trainings.push_back(stage.id);
  }
  return trainings;
}

void AddValue(const MetricPoint& value, CurvePoint* point) {
  if (point->seeds == 0) point->low = point->high = value.value;
  point->step = std::max(point->step, value.step);
  point->low = std::min(point->low, value.value);
  point->high = std::max(point->high, value.value);
  point->mean += (value.value - point->mean) / static_cast<double>(++point->seeds);
}

ArmCurve CurveOf(const StudyFacts& study, const ArmFacts& arm, const CurveRequest& request,
                 LiveReader& live) {
  ArmCurve curve = {.arm = arm.name, .steps = 0, .points = {}};
  const auto trainings = TrainingsOf(study, arm, request, live, &curve.steps);
  const int64_t parts = std::max<int64_t>(1, request.points);
  const int64_t width = std::max<int64_t>(1, (curve.steps + parts) / parts);
  std::map<int64_t, CurvePoint> by_part;
  for (const int64_t stage : trainings) {
    std::map<int64_t, MetricPoint> of_seed;  // the last of a part: the newest ends the curve
    for (const MetricPoint& value : live.ReadThinned({stage, request.metric, curve.steps, parts})) {
      of_seed[value.step / width] = value;
    }
    for (const auto& [part, value] : of_seed) AddValue(value, &by_part[part]);
  }
  for (const auto& [part, point] : by_part) curve.points.push_back(point);
  return curve;
}

}  // namespace

std::vector<ArmCurve> ReadCurves(LedgerReader& ledger, const StudyFacts& study,
                                 const CurveRequest& request) {
  LiveReader live(ledger);
  std::vector<ArmCurve> curves;
  for (const std::string& name : request.arms) {
    const auto arm = std::ranges::find(study.arms, name, &ArmFacts::name);
    if (arm != study.arms.end()) curves.push_back(CurveOf(study, *arm, request, live));
  }
  return curves;
}

}  // namespace upcycle
