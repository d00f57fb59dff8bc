// What was found, verdict by verdict.

#include <fmt/format.h>

#include "results/report/html.h"
#include "results/report/sections.h"
#include "results/report/sentences.h"

namespace upcycle {
namespace {

constexpr size_t kMostArms = 20;  // of a verdict; the others are behind a click

std::string_view ClassOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter:
      return "good";
    case Verdict::kWorse:
      return "bad";
    case Verdict::kEquivalent:
    case Verdict::kIdentical:
      return "same";
    case Verdict::kInconclusive:
    case Verdict::kUndecidable:
    case Verdict::kIncomplete:
      return "open";
  }
  return "open";
}

std::string ItemOf(const Comparison& comparison, const ArmComparison& arm) {
  std::string item = html::Text(FindingSentence(comparison, arm));
  const std::string power = PowerSentence(comparison, arm);
  if (!power.empty()) item += fmt::format(" <span class=\"beside\">{}</span>", html::Text(power));
  return item;
}

std::string Group(const std::vector<std::string>& items, std::string_view name) {
  const size_t shown = std::min(items.size(), kMostArms);
  std::string text =
      fmt::format("<div class=\"verdict {}\">\n{}", name,
                  html::List({items.begin(), items.begin() + static_cast<long>(shown)}));
  if (shown < items.size()) {
    text += html::Details(fmt::format("{} more", items.size() - shown),
                          html::List({items.begin() + static_cast<long>(shown), items.end()}));
  }
  return text + "</div>\n";
}

}  // namespace

std::string FindingsSection(const ReportInput& input) {
  const Comparison& comparison = input.comparison;
  std::string text =
      fmt::format("<p class=\"overview\">{}</p>\n", html::Text(OverviewSentence(comparison)));
  std::vector<std::string> reached;
  for (const ArmComparison& arm : comparison.arms) {
    if (!arm.judgement) reached.push_back(ItemOf(comparison, arm));
  }
  if (!reached.empty()) text += Group(reached, "same");
  for (const auto& verdict : EnumNames<Verdict>::values) {
    std::vector<std::string> items;
    for (const ArmComparison& arm : comparison.arms) {
      if (!arm.judgement || arm.judgement->verdict != verdict.value) continue;
      items.push_back(ItemOf(comparison, arm));
    }
    if (!items.empty()) text += Group(items, ClassOf(verdict.value));
  }
  return text;
}

}  // namespace upcycle
