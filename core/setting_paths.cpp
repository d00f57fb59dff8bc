#include "core/setting_paths.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/utf8.h"

namespace upcycle {
namespace {

using nlohmann::json;

const json* FindItem(const json& list, std::string_view step) {
  size_t index = 0;
  const char* end = step.data() + step.size();
  const auto result = std::from_chars(step.data(), end, index);
  const bool names_one = result.ec == std::errc() && result.ptr == end && index < list.size();
  return names_one ? &list[index] : nullptr;
}

const json* FindStep(const json& value, std::string_view step) {
  if (value.is_array()) return FindItem(value, step);
  if (!value.is_object()) return nullptr;
  const auto found = value.find(std::string(step));
  return found == value.end() ? nullptr : &*found;
}

bool IsOneValue(const json& value, PlainLists lists) {
  if (!value.is_structured() || value.empty()) return true;
  const auto is_mapping = [](const json& item) { return item.is_object(); };
  return value.is_array() && lists == PlainLists::kAsOneValue &&
         !std::ranges::all_of(value, is_mapping);
}

void VisitBelow(const std::string& path, const json& parent, PlainLists lists,
                const SettingVisitor& visit) {
  // The keys of a list are its places.
  for (const auto& [key, value] : parent.items()) {
    const std::string below = JoinPath(path, key);
    if (IsOneValue(value, lists)) {
      visit(below, value);
    } else {
      VisitBelow(below, value, lists, visit);
    }
  }
}

}  // namespace

std::string JoinPath(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : fmt::format("{}.{}", parent, name);
}

bool IsWithin(std::string_view path, std::string_view parent) {
  return path.starts_with(parent) && (path.size() == parent.size() || path[parent.size()] == '.');
}

const json* FindSetting(const json& settings, std::string_view path) {
  const json* found = &settings;
  while (found != nullptr) {
    const size_t dot = path.find('.');
    found = FindStep(*found, path.substr(0, dot));
    if (dot == path.npos) break;
    path.remove_prefix(dot + 1);
  }
  return found;
}

void VisitSettings(const json& settings, PlainLists lists, const SettingVisitor& visit) {
  if (settings.is_object()) VisitBelow("", settings, lists, visit);
}

std::string SettingText(const json& value) {
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (std::ranges::none_of(text, IsControl)) return text;
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace upcycle
