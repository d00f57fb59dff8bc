#include "results/comparison/arm_settings.h"

#include <set>

#include <nlohmann/json.hpp>

#include "core/setting_paths.h"

namespace upcycle {

using nlohmann::json;

SettingTexts SettingTextsOf(std::string_view settings, bool has_experts) {
  json all = json::parse(settings);
  if (!has_experts) all.erase("moe");
  SettingTexts texts;
  VisitSettings(all, PlainLists::kAsOneValue, [&](const std::string& path, const json& value) {
    texts[path] = SettingText(value);
  });
  return texts;
}

std::string TextAt(const SettingTexts& settings, const std::string& path) {
  const auto found = settings.find(path);
  return found == settings.end() ? "" : found->second;
}

std::vector<std::string> PathsIn(const std::vector<const SettingTexts*>& arms) {
  std::set<std::string> paths;
  for (const SettingTexts* arm : arms) {
    for (const auto& [path, text] : *arm) paths.insert(path);
  }
  return {paths.begin(), paths.end()};
}

std::vector<std::string> ChangedPaths(const std::vector<const SettingTexts*>& arms) {
  SettingTexts first;
  std::set<std::string> changed;
  for (const SettingTexts* arm : arms) {
    for (const auto& [path, text] : *arm) {
      if (first.try_emplace(path, text).first->second != text) changed.insert(path);
    }
  }
  return {changed.begin(), changed.end()};
}

}  // namespace upcycle
