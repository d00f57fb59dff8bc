// Names for arms that have none: what they change, in as few words as tell it apart.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

namespace upcycle {

// A path as the recipe writes it, and the setting that it means: ("upcycle", "upcycle.method").
using WrittenPath = std::pair<std::string, std::string>;

// For each written path its shortest tail that no path of another setting ends with:
// "capacity_factor" for "moe.capacity_factor" unless "evaluate.capacity_factor" is there as well.
std::map<std::string, std::string> ShortLabels(const std::set<WrittenPath>& paths);

}  // namespace upcycle
