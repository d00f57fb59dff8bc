#include "core/text.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace upcycle {
namespace {

// Where it could be taken for the end of the name.
bool HasBareComma(const std::string& name) {
  return !name.starts_with('"') && name.find(',') != name.npos;
}

}  // namespace

std::string_view TrimmedText(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string FirstNames(const std::vector<std::string>& names, size_t most) {
  const size_t shown = std::min(names.size(), most);
  const auto end = names.begin() + static_cast<ptrdiff_t>(shown);
  const bool any_comma = std::any_of(names.begin(), end, HasBareComma);
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), end, any_comma && shown > 1 ? "; " : ", "));
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace upcycle
