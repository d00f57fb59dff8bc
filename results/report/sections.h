// One function for each section of a report: a piece of html.h, empty where there is nothing to
// say.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "results/comparison/comparison.h"
#include "results/ledger/ledger_reader.h"
#include "results/report/study_report.h"

namespace upcycle {

struct ReportInput {
  LedgerReader& ledger;
  const StudyFacts& study;
  const Comparison& comparison;
  const nlohmann::json& recipe;  // resolved, as it was recorded
  const ReportOptions& options;
  // Of each stage of the study, in their order; empty without the sections of the machine.
  const std::vector<std::vector<AttemptFacts>>& attempts;
};

// Of results alone.
std::string QuestionSection(const ReportInput& input);
std::string FindingsSection(const ReportInput& input);
std::string TableSection(const ReportInput& input);
std::string HowSureSection(const ReportInput& input);
std::string FiguresSection(const ReportInput& input);
std::string EffectsSection(const ReportInput& input);
std::string MissingSection(const ReportInput& input);
std::string RunsSection(const ReportInput& input);
std::string OriginSection(const ReportInput& input);
std::string LimitsSection(const ReportInput& input);

// Of machine and clock.
std::string CostSection(const ReportInput& input);
std::string AttemptsSection(const ReportInput& input);
std::string MachinesSection(const ReportInput& input);

// The id of the list of an arm's runs, by its place in the recipe.
std::string RunsId(size_t arm);

}  // namespace upcycle
