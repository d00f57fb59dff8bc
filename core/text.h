// What messages, tables and readers everywhere do with texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

// Without blanks, tabs and ends of lines at either end.
std::string_view TrimmedText(std::string_view text);

inline constexpr size_t kNamesInASentence = 20;

// "copy, groups"; "after, std 0.2; before, std 0.2" where a name has a comma of its own and
// no quotes; with a count in place of those beyond the first `most`, 1 or more: "copy and 18 more".
// Empty where there are none.
std::string FirstNames(const std::vector<std::string>& names, size_t most = kNamesInASentence);

}  // namespace upcycle
