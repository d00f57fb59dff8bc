// The settings of arms as tables show and filter them: each value as text, by its path.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

using SettingTexts = std::map<std::string, std::string>;

// From an arm's settings as the ledger has them: "moe.top_k" → "2", "data.train.1.weight" → "0.25";
// a list of plain values is one value, "[1,3]". Of an arm without experts, what is said of them
// (`moe`) is in force nowhere, and left out.
SettingTexts SettingTextsOf(std::string_view settings, bool has_experts);

// Empty where the arm has no such setting.
std::string TextAt(const SettingTexts& settings, const std::string& path);

// Those that some of the arms has, in the order of the alphabet.
std::vector<std::string> PathsIn(const std::vector<const SettingTexts*>& arms);

// Those that have different values in two of the arms that have them.
std::vector<std::string> ChangedPaths(const std::vector<const SettingTexts*>& arms);

}  // namespace upcycle
