// What was asked: the arms as differences from the baseline, and what is equal among them.

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/comparison/matched_budgets.h"
#include "results/evidence/study_factors.h"
#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

// Where an arm's settings are not those of the other, a piece for each.
std::vector<std::string> Differences(const Json& arm, const Json& other, const Json& recipe) {
  std::set<std::string> paths;
  for (const Json* changes : {&arm, &other}) {
    for (const auto& [path, value] : changes->items()) paths.insert(path);
  }
  std::vector<std::string> items;
  for (const std::string& path : paths) {
    const std::string was = SettingOfArm(other, recipe, path);
    const std::string is = SettingOfArm(arm, recipe, path);
    if (was == is) continue;
    items.push_back(fmt::format("{}: {} → {}", html::Code(path), html::Text(was), html::Text(is)));
  }
  return items;
}

std::string SeedsText(const StudyFacts& study) {
  std::set<int64_t> seeds;
  for (const ArmFacts& arm : study.arms) {
    for (const RunFacts& run : arm.runs) seeds.insert(run.seed);
  }
  std::string text = seeds.size() > 12 ? fmt::format("{} of them, from {} to {}", seeds.size(),
                                                     *seeds.begin(), *seeds.rbegin())
                                       : fmt::format("{}", fmt::join(seeds, ", "));
  if (study.table.IsSequential()) {
    text += fmt::format(
        "; {} for every arm, then one more at a time until its verdict is decided, "
        "at most {}",
        study.table.first_seeds, study.table.most_seeds);
  }
  return text;
}

std::string PreferenceText(Preference preference) {
  for (const auto& entry : EnumNames<Preference>::values) {
    if (entry.value == preference) return std::string(entry.help);
  }
  return "";
}

std::string Fact(std::string_view name, std::string_view text) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", html::Text(name), html::Text(text));
}

std::string Facts(const StudyFacts& study) {
  std::string facts = Fact("metric", study.metric + ", " + PreferenceText(study.preference));
  facts += Fact("baseline", study.baseline.empty() ? "none" : study.baseline);
  facts += Fact("seeds", SeedsText(study));
  facts += Fact("budgets", BudgetsText(study.matched_on));
  if (study.table.margin > 0) {
    facts += Fact("margin", fmt::format("differences within ±{:g} are called equivalent",
                                        study.table.margin));
  }
  return "<dl>\n" + facts + "</dl>\n";
}

}  // namespace

std::string QuestionSection(const ReportInput& input) {
  constexpr size_t kMostArms = 40;
  const auto& arms = input.study.arms;
  Json baseline = Json::object();
  for (const ArmFacts& arm : arms) {
    if (arm.name == input.study.baseline) baseline = Json::parse(arm.changes);
  }
  std::vector<std::string> items;
  for (const ArmFacts& arm : arms) {
    const bool is_baseline = arm.name == input.study.baseline;
    const auto differences = Differences(Json::parse(arm.changes), baseline, input.recipe);
    std::string item = fmt::format("<strong>{}</strong>", html::Text(arm.name));
    if (is_baseline) item += ", the baseline";
    if (!is_baseline && differences.empty()) item += ", which changes nothing";
    if (!differences.empty()) item += html::List(differences);
    items.push_back(std::move(item));
  }
  const size_t shown = std::min(items.size(), kMostArms);
  std::string text = Facts(input.study);
  text += html::Heading(input.study.baseline.empty() ? "Arms, against the recipe's base"
                                                     : "Arms, against the baseline");
  text +=
      "<div class=\"arms\">\n" + html::List({items.begin(), items.begin() + shown}) + "</div>\n";
  if (shown < items.size()) {
    text += html::Details(fmt::format("{} more arms", items.size() - shown),
                          html::List({items.begin() + shown, items.end()}));
  }
  return text;
}

}  // namespace upcycle
