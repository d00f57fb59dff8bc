#include "results/interchange/flat_settings.h"

#include <algorithm>

#include "core/utf8.h"

namespace upcycle {
namespace {

using nlohmann::json;

void Flatten(const std::string& path, const json& value, std::vector<FlatSetting>& settings) {
  if (!value.is_structured() || value.empty()) {
    if (!path.empty()) settings.push_back({path, value});
    return;
  }
  // The keys of a list are its places.
  for (const auto& [key, part] : value.items()) {
    Flatten(path.empty() ? key : path + "." + key, part, settings);
  }
}

}  // namespace

std::vector<FlatSetting> FlatSettings(std::string_view settings) {
  std::vector<FlatSetting> flat;
  Flatten("", json::parse(settings), flat);
  return flat;
}

std::string SettingText(const json& value) {
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (std::ranges::none_of(text, IsControl)) return text;
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace upcycle
