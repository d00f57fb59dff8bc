#include "results/comparison/arm_settings.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

using nlohmann::json;

bool IsListOfMappings(const json& value) {
  return value.is_array() && !value.empty() &&
         std::ranges::all_of(value, [](const json& item) { return item.is_object(); });
}

void AddTexts(const std::string& path, const json& value, SettingTexts* texts) {
  const auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  if (value.is_object()) {
    for (const auto& [key, part] : value.items()) AddTexts(below(key), part, texts);
  } else if (IsListOfMappings(value)) {
    for (size_t i = 0; i < value.size(); ++i) AddTexts(below(std::to_string(i)), value[i], texts);
  } else {
    (*texts)[path] = value.is_string() ? value.get<std::string>() : value.dump();
  }
}

}  // namespace

SettingTexts SettingTextsOf(std::string_view settings, bool has_experts) {
  json all = json::parse(settings);
  if (!has_experts) all.erase("moe");
  SettingTexts texts;
  AddTexts("", all, &texts);
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
