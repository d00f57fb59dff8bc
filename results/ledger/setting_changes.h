// Where two sets of settings differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace upcycle {

struct SettingChange {
  std::string path;    // "train.learning_rate.peak"
  nlohmann::json was;  // discarded: it was not there
  nlohmann::json is;   // discarded: it is not there

  bool operator==(const SettingChange&) const = default;
};

// Leaf by leaf, in the order of their paths; a list whose length changed is one leaf.
std::vector<SettingChange> ChangesBetween(const nlohmann::json& was, const nlohmann::json& is);

// "train.tokens was 15000, is 20000".
std::string TextOf(const SettingChange& change);

}  // namespace upcycle
