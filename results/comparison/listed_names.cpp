#include "results/comparison/listed_names.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace upcycle {

std::string ListedNames(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMostArmsNamed);
  const auto end = names.begin() + static_cast<ptrdiff_t>(shown);
  const bool has_comma = std::any_of(
      names.begin(), end, [](const std::string& name) { return name.find(',') != name.npos; });
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), end, has_comma && shown > 1 ? "; " : ", "));
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace upcycle
