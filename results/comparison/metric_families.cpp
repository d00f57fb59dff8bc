#include "results/comparison/metric_families.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

namespace upcycle {
namespace {

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// "moe/layer_*/expert_*/load" of "moe/layer_03/expert_017/load"; other names as they are.
std::string FamilyOf(std::string name) {
  for (const std::string_view numbered : {"/layer_", "/expert_"}) {
    const size_t found = name.find(numbered);
    if (found == std::string::npos) continue;
    const size_t first = found + numbered.size();
    const size_t digits = std::min(name.find('/', first), name.size()) - first;
    if (digits > 0 && std::ranges::all_of(name.substr(first, digits), IsDigit)) {
      name.replace(first, digits, 1, '*');
    }
  }
  return name;
}

}  // namespace

std::vector<std::string> MetricFamilies(const std::vector<std::string>& metrics) {
  std::set<std::string> alone;
  std::map<std::string, std::set<std::string>> families;
  for (const std::string& metric : metrics) {
    const std::string family = FamilyOf(metric);
    if (family == metric) {
      alone.insert(metric);
    } else {
      families[family].insert(metric);
    }
  }
  std::vector<std::string> names(alone.begin(), alone.end());
  for (const auto& [family, members] : families) {
    const std::string& first = *members.begin();
    names.push_back(members.size() == 1
                        ? first
                        : fmt::format("{} ({} and {} more)", family, first, members.size() - 1));
  }
  return names;
}

}  // namespace upcycle
