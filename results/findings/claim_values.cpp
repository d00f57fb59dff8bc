#include "results/findings/claim_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/recipe/cost.h"
#include "results/comparison/comparability.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string FateOf(StageState state) {
  switch (state) {
    case StageState::kComplete:
      return "without a value";
    case StageState::kFailed:
      return "failed";
    case StageState::kDiverged:
      return "diverged";
    default:
      return "not finished";
  }
}

const RunFacts* FindRun(const ArmFacts& arm, int64_t seed) {
  for (const RunFacts& run : arm.runs) {
    if (run.seed == seed) return &run;
  }
  return nullptr;
}

}  // namespace

double ValueAtStep(const std::vector<MetricPoint>& points, double step) {
  const auto after = std::find_if(points.begin(), points.end(), [&](const MetricPoint& point) {
    return static_cast<double>(point.step) >= step;
  });
  if (after == points.end()) return kNone;
  if (static_cast<double>(after->step) == step) return after->value;
  if (after == points.begin()) return kNone;
  const MetricPoint& before = *(after - 1);
  const double share =
      (step - static_cast<double>(before.step)) / static_cast<double>(after->step - before.step);
  return before.value + share * (after->value - before.value);
}

ClaimValues::ClaimValues(const Paper& paper, LedgerReader* ledger)
    : paper_(paper), ledger_(ledger), studies_(paper.studies.size()) {
  if (ledger == nullptr) return;
  const std::vector<std::string> known = ledger->StudyNames();
  for (size_t i = 0; i < studies_.size(); ++i) {
    const std::string& name = paper.studies[i].recipe.name;
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      studies_[i] = ledger->ReadStudy(name);
    }
  }
}

ValuePairs ClaimValues::Read(const ValueQuestion& question) {
  ValuePairs pairs;
  auto& facts = studies_[question.study];
  if (facts && question.at >= 1) ledger_->ReadValues(&*facts, {&question.metric, 1});
  pairs.values.arm = ValuesOf(question, question.arm, pairs.missing);
  pairs.values.baseline = ValuesOf(question, question.than, pairs.missing);
  const ArmFacts* arm = FindArm(question.study, question.arm);
  const ArmFacts* than = FindArm(question.study, question.than);
  if (arm != nullptr && than != nullptr) {
    pairs.values.incomparable = WhyNotComparable(question.metric, MeasuredTextOf(arm->settings),
                                                 MeasuredTextOf(than->settings), than->name);
  }
  if (!facts) {
    pairs.missing =
        fmt::format("the study {} has not been run", paper_.studies[question.study].recipe.name);
  }
  return pairs;
}

const ArmFacts* ClaimValues::FindArm(size_t study, const std::string& name) {
  if (!studies_[study]) return nullptr;
  for (const ArmFacts& arm : studies_[study]->arms) {
    if (arm.name == name) return &arm;
  }
  return nullptr;
}

std::vector<double> ClaimValues::ValuesOf(const ValueQuestion& question, const std::string& name,
                                          std::string& missing) {
  const ArmFacts* arm = FindArm(question.study, name);
  std::vector<double> values;
  std::map<std::string, std::vector<int64_t>> seeds_by_fate;
  for (const int64_t seed : paper_.studies[question.study].recipe.seeds) {
    const RunFacts* run = arm == nullptr ? nullptr : FindRun(*arm, seed);
    values.push_back(run == nullptr ? kNone : ValueOf(question, *arm, *run));
    if (std::isfinite(values.back())) continue;
    const StageState state =
        run == nullptr ? StageState::kPlanned : StateOfRun(*studies_[question.study], *run);
    seeds_by_fate[FateOf(state)].push_back(seed);
  }
  for (const auto& [fate, seeds] : seeds_by_fate) {
    missing += fmt::format("{}{}: seed{} {} {}", missing.empty() ? "" : "; ", name,
                           seeds.size() == 1 ? "" : "s", fmt::join(seeds, ", "), fate);
  }
  return values;
}

double ClaimValues::ValueOf(const ValueQuestion& question, const ArmFacts& arm,
                            const RunFacts& run) {
  if (question.at < 1) return ValueAlongTheWay(question, arm, run);
  const auto found = run.values.find(question.metric);
  return found == run.values.end() ? kNone : found->second.value;
}

double ClaimValues::ValueAlongTheWay(const ValueQuestion& question, const ArmFacts& arm,
                                     const RunFacts& run) {
  const Arm* planned = upcycle::FindArm(paper_.studies[question.study].recipe, arm.name);
  const auto place = run.StageOf(StageRole::kTrain);
  if (planned == nullptr || !place) return kNone;
  const StageFacts& stage = studies_[question.study]->stages[*place];
  if (stage.state != StageState::kComplete) return kNone;
  const int64_t steps = TrainSteps(planned->settings.train, planned->settings.model);
  return ValueAtStep(ledger_->ReadPoints(stage.id, question.metric),
                     question.at * static_cast<double>(steps));
}

}  // namespace upcycle
