#include "results/report/study_report.h"

#include <vector>

#include "results/comparison/compare_study.h"
#include "results/report/page.h"
#include "results/report/sections.h"

namespace upcycle {

std::string StudyReport(LedgerReader& ledger, std::string_view name, const ReportOptions& options) {
  const Transaction snapshot = ledger.Snapshot();
  const Comparison comparison = CompareStudy(ledger, name, {options.allow_incomplete});
  StudyFacts study = ledger.ReadStudy(name);
  ledger.ReadValues(&study, comparison.metrics);
  const auto recipe = nlohmann::json::parse(ledger.ReadRecipe(study));
  std::vector<std::vector<AttemptFacts>> attempts;
  if (options.machine) {
    for (const StageFacts& stage : study.stages) attempts.push_back(ledger.ReadAttempts(stage.id));
  }
  const ReportInput input = {ledger, study, comparison, recipe, options, attempts};
  std::vector<ReportSection> sections = {
      {"question", "What was asked", QuestionSection(input)},
      {"findings", "What was found", FindingsSection(input)},
      {"table", "The table", TableSection(input)},
      {"sure", "How sure", HowSureSection(input)},
      {"figures", "Figures", FiguresSection(input)},
      {"effects", "What each setting is worth", EffectsSection(input)},
  };
  if (options.machine) sections.push_back({"cost", "What it cost", CostSection(input), true});
  sections.push_back({"missing", "What is missing", MissingSection(input)});
  if (options.machine) {
    sections.push_back({"attempts", "What went wrong on the way", AttemptsSection(input), true});
  }
  sections.push_back({"runs", "Runs", RunsSection(input)});
  sections.push_back({"origin", "Where it comes from", OriginSection(input)});
  if (options.machine) {
    sections.push_back({"machines", "Programs and machines", MachinesSection(input), true});
  }
  sections.push_back({"limits", "What the numbers assume", LimitsSection(input)});
  return PageOf(study.name, study.description, sections);
}

}  // namespace upcycle
