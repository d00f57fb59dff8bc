// Settings as JSON by their dotted paths, as recipes, `--set` and tables write them. A step names a
// key of a mapping or, from 0, an item of a list: "moe.top_k", "data.train.0.weight".
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace upcycle {

// "moe" and "top_k" as "moe.top_k"; "" is the root.
std::string JoinPath(std::string_view parent, std::string_view name);

// Whether `path` is `parent` or a setting inside it.
bool IsWithin(std::string_view path, std::string_view parent);

// What lies at `path`, a value or all that is inside it; null where nothing does.
const nlohmann::json* FindSetting(const nlohmann::json& settings, std::string_view path);

// What a list without mappings is to a visit: one value, "[1,3]", as recipes write it; or a value
// for each item, for programs that know no lists. A list of mappings is entered in both.
enum class PlainLists { kAsOneValue, kItemByItem };

using SettingVisitor = std::function<void(const std::string& path, const nlohmann::json& value)>;

// Calls `visit` for each value in `settings`, which is a mapping, in the order of keys and items.
// An empty mapping or list inside it is a value.
void VisitSettings(const nlohmann::json& settings, PlainLists lists, const SettingVisitor& visit);

// A value as recipes have it: a text without quotes, unless it has control characters, and all
// else as JSON.
std::string SettingText(const nlohmann::json& value);

}  // namespace upcycle
