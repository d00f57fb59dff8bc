#include "results/plots/chosen_arms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/shell_word.h"
#include "core/spelling.h"

namespace upcycle {
namespace {

size_t PlaceOf(const ArmEntries& entries, const std::string& name) {
  std::vector<std::string> names;
  for (size_t i = 0; i < entries.arms.size(); ++i) {
    if (entries.arms[i].name == name) return i;
    names.push_back(entries.arms[i].name);
  }
  throw Error(Cause::kInput,
              fmt::format("the study \"{}\" has no arm \"{}\"{} `upcycle compare {}` lists them",
                          entries.study, name, DidYouMean(name, names), ShellWord(entries.study)));
}

// Smaller where it is better, and the largest without a value.
double Rank(const ArmEntries& entries, size_t arm) {
  const double value = entries.arms[arm].value;
  if (!std::isfinite(value)) return std::numeric_limits<double>::infinity();
  return entries.preference == Preference::kLower ? value : -value;
}

}  // namespace

ArmEntries ReadArmEntries(LedgerReader& ledger, const StudyFacts& study) {
  StudyFacts valued = study;
  ledger.ReadValues(&valued, std::vector<std::string>{study.metric});
  ArmEntries entries = {.study = study.name,
                        .baseline = study.baseline,
                        .metric = study.metric,
                        .preference = study.preference};
  for (const ArmFacts& arm : valued.arms) {
    double sum = 0, count = 0;
    for (const RunFacts& run : arm.runs) {
      const auto found = run.values.find(study.metric);
      if (found == run.values.end() || !std::isfinite(found->second.value)) continue;
      sum += found->second.value;
      count += 1;
    }
    entries.arms.push_back({arm.name, sum / count});
  }
  return entries;
}

ChosenArms ChooseArms(const ArmEntries& entries, const std::vector<std::string>& names,
                      size_t most) {
  ChosenArms chosen;
  std::vector<size_t>& arms = chosen.arms;
  for (const std::string& name : names) arms.push_back(PlaceOf(entries, name));
  if (names.empty()) {
    for (size_t i = 0; i < entries.arms.size(); ++i) arms.push_back(i);
  }
  const auto is_baseline = [&](size_t arm) { return entries.arms[arm].name == entries.baseline; };
  const bool has_baseline = std::ranges::any_of(arms, is_baseline);
  if (names.empty() && arms.size() > most) {
    std::ranges::stable_sort(
        arms, {}, [&](size_t arm) { return std::pair(!is_baseline(arm), Rank(entries, arm)); });
    arms.resize(most);
    chosen.note = fmt::format("Of {} arms {} are shown, {}the best by {}; --arm chooses others.",
                              entries.arms.size(), most, has_baseline ? "the baseline and " : "",
                              entries.metric);
  }
  std::ranges::sort(arms, {}, [&](size_t arm) { return std::pair(!is_baseline(arm), arm); });
  arms.erase(std::ranges::unique(arms).begin(), arms.end());
  return chosen;
}

}  // namespace upcycle
