#include "tools/study/paper_report.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "experiments/study/prediction.h"
#include "results/comparison/compare_study.h"
#include "results/findings/judge_claims.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/schema.h"

namespace upcycle {
namespace {

// Whether the ledger's runs of a study are those that its recipe asks for now.
bool IsRecordedAs(const Study& study, const StudyFacts& facts) {
  for (const Study::Run& run : study.runs) {
    const std::string& name = study.recipe.arms[run.arm].name;
    for (const ArmFacts& arm : facts.arms) {
      if (arm.name != name) continue;
      for (const RunFacts& recorded : arm.runs) {
        const auto place = recorded.StageOf(StageRole::kEvaluate);
        if (recorded.seed != run.seed || !place) continue;
        if (facts.stages[*place].fingerprint != run.stages.at(StageRole::kEvaluate)) return false;
      }
    }
  }
  return true;
}

void WarnOfOldRuns(const std::vector<Study>& studies, LedgerReader& ledger) {
  const std::vector<std::string> known = ledger.StudyNames();
  for (const Study& study : studies) {
    const std::string& name = study.recipe.name;
    if (std::find(known.begin(), known.end(), name) == known.end()) continue;
    if (IsRecordedAs(study, ledger.ReadStudy(name))) continue;
    fmt::print(stderr,
               "warning: the recorded runs of {} are of other settings than its recipe has now; "
               "they count until it is run again\n",
               name);
  }
}

// Of all the studies together.
SpentCompute SpentOn(const std::vector<Study>& studies, LedgerReader& ledger) {
  SpentCompute spent;
  std::map<Fingerprint, const Stage*> stages;
  for (const Study& study : studies) {
    for (const auto& [identity, stage] : study.stages) stages.emplace(identity, &stage);
  }
  for (const auto& [identity, stage] : stages) {
    ++spent.stages;
    const std::optional<StageFacts> facts = ledger.FindStage(identity);
    if (!facts) continue;
    for (const AttemptFacts& attempt : ledger.ReadAttempts(facts->id)) {
      if (!attempt.end) continue;
      spent.core_seconds +=
          attempt.end->cpu_seconds.value_or(attempt.end->wall_seconds.value_or(0));
    }
    if (facts->state != StageState::kComplete) continue;
    ++spent.complete;
    spent.train_flops += TrainFlopsOf(*stage);
  }
  return spent;
}

std::string SeedsText(const std::vector<Study>& studies) {
  if (studies.empty()) return "0";
  const auto [fewest, most] = std::minmax_element(
      studies.begin(), studies.end(),
      [](const Study& a, const Study& b) { return a.recipe.seeds.size() < b.recipe.seeds.size(); });
  const size_t low = fewest->recipe.seeds.size(), high = most->recipe.seeds.size();
  return low == high ? fmt::format("{}", low) : fmt::format("{} to {}", low, high);
}

}  // namespace

FindingsReport ReportOn(const Paper& paper, const std::vector<Study>& studies,
                        const StateOptions& state) {
  std::unique_ptr<LedgerReader> ledger;
  if (LedgerExists(state.Ledger())) ledger = std::make_unique<LedgerReader>(state.Ledger());
  FindingsReport report;
  report.paper = paper.name;
  report.text = paper.text;
  if (!studies.empty()) report.size = studies.front().recipe.size;
  report.seeds = SeedsText(studies);
  report.findings = JudgeClaims(paper, ledger.get());
  if (ledger == nullptr) return report;
  WarnOfOldRuns(studies, *ledger);
  report.spent = SpentOn(studies, *ledger);
  const std::vector<std::string> known = ledger->StudyNames();
  for (const Study& study : studies) {
    if (std::find(known.begin(), known.end(), study.recipe.name) == known.end()) continue;
    report.studies.push_back(CompareStudy(*ledger, study.recipe.name));
  }
  return report;
}

}  // namespace upcycle
