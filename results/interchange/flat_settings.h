// Settings leaf by leaf, for programs that know a list of parameters only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace upcycle {

struct FlatSetting {
  std::string path;      // "train.learning_rate.peak", "data.train.0.kind"
  nlohmann::json value;  // no object or list, unless an empty one
};

// In the order of their paths. `settings` is an object of JSON.
std::vector<FlatSetting> FlatSettings(std::string_view settings);

// As recipes have it: a text without quotes, unless it has control characters, then as JSON.
std::string SettingText(const nlohmann::json& value);

}  // namespace upcycle
