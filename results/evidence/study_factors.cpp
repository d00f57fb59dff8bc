#include "results/evidence/study_factors.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/setting_paths.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

// The arms with the baseline in front, whose levels so become the first ones.
std::vector<size_t> BaselineFirst(const Comparison& comparison) {
  std::vector<size_t> order;
  for (size_t i = 0; i < comparison.arms.size(); ++i) order.push_back(i);
  std::ranges::stable_partition(
      order, [&](size_t arm) { return comparison.arms[arm].name == comparison.baseline; });
  return order;
}

}  // namespace

std::string SettingOfArm(const Json& changes, const Json& recipe, const std::string& path) {
  if (const auto changed = changes.find(path); changed != changes.end())
    return SettingText(*changed);
  const Json* base = FindSetting(recipe, JoinPath("base", path));
  return base == nullptr ? "not set" : SettingText(*base);
}

bool StudyFactors::IsFullGrid() const {
  size_t product = 1;
  for (const StudyFactor& factor : factors) {
    product *= factor.levels.size();
    if (product > cells.size()) return false;
  }
  return product == cells.size() && std::set(cells.begin(), cells.end()).size() == cells.size();
}

bool StudyFactors::AllHaveTwoLevels() const {
  return std::ranges::all_of(factors, [](const auto& factor) { return factor.levels.size() == 2; });
}

StudyFactors FactorsOf(const Comparison& comparison, const Json& recipe) {
  std::vector<Json> changes;
  std::set<std::string> paths;
  for (const ArmComparison& arm : comparison.arms) {
    changes.push_back(Json::parse(arm.changes));
    for (const auto& [path, value] : changes.back().items()) paths.insert(path);
  }
  const std::vector<size_t> order = BaselineFirst(comparison);
  StudyFactors found;
  found.cells.resize(comparison.arms.size());
  std::map<std::vector<size_t>, size_t> factor_of_split;
  for (const std::string& path : paths) {
    std::vector<std::string> levels;
    std::vector<size_t> split(comparison.arms.size());
    for (const size_t arm : order) {
      const std::string text = SettingOfArm(changes[arm], recipe, path);
      const auto place = std::ranges::find(levels, text);
      split[arm] = static_cast<size_t>(place - levels.begin());
      if (place == levels.end()) levels.push_back(text);
    }
    if (levels.size() < 2) continue;
    const auto [known, is_new] = factor_of_split.try_emplace(split, found.factors.size());
    if (is_new) {
      found.factors.push_back({path, std::move(levels)});
      for (size_t arm = 0; arm < split.size(); ++arm) found.cells[arm].push_back(split[arm]);
      continue;
    }
    StudyFactor& factor = found.factors[known->second];
    factor.name += ", " + path;
    for (size_t i = 0; i < levels.size(); ++i) factor.levels[i] += ", " + levels[i];
  }
  return found;
}

}  // namespace upcycle
