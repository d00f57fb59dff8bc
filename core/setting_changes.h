// Where two sets of settings differ.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace upcycle {

struct SettingChange {
  std::string path;    // "train.learning_rate.peak", "data.train.0.people"
  nlohmann::json was;  // discarded: it was not there
  nlohmann::json is;   // discarded: it is not there

  bool operator==(const SettingChange&) const = default;
};

// Value by value, in the order of keys and items; a list whose length changed is one value, and so
// is what only one of the two has.
std::vector<SettingChange> ChangesBetween(const nlohmann::json& was, const nlohmann::json& is);

// "train.tokens was 15000, is 20000".
std::string TextOf(const SettingChange& change);

}  // namespace upcycle
