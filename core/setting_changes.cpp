#include "core/setting_changes.h"

#include <set>

#include <fmt/format.h>

#include "core/setting_paths.h"

namespace upcycle {
namespace {

using nlohmann::json;

bool HaveParts(const json& was, const json& is) { return was.is_object() && is.is_object(); }

void Compare(const std::string& path, const json& was, const json& is,
             std::vector<SettingChange>& changes) {
  if (was == is) return;
  if (was.is_array() && is.is_array() && was.size() == is.size()) {
    for (size_t i = 0; i < was.size(); ++i) {
      Compare(JoinPath(path, std::to_string(i)), was[i], is[i], changes);
    }
    return;
  }
  if (!HaveParts(was, is)) {
    changes.push_back({path, was, is});
    return;
  }
  std::set<std::string> keys;
  for (const json* side : {&was, &is}) {
    for (const auto& [key, value] : side->items()) keys.insert(key);
  }
  const json absent(json::value_t::discarded);
  for (const std::string& key : keys) {
    Compare(JoinPath(path, key), was.contains(key) ? was.at(key) : absent,
            is.contains(key) ? is.at(key) : absent, changes);
  }
}

std::string ValueText(const json& value) {
  return value.is_discarded() ? "not there" : SettingText(value);
}

}  // namespace

std::vector<SettingChange> ChangesBetween(const json& was, const json& is) {
  std::vector<SettingChange> changes;
  Compare("", was, is, changes);
  return changes;
}

std::string TextOf(const SettingChange& change) {
  return fmt::format("{} was {}, is {}", change.path, ValueText(change.was), ValueText(change.is));
}

}  // namespace upcycle
