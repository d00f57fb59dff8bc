// Names of arms in a sentence.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace upcycle {

constexpr size_t kMostArmsNamed = 20;  // by one sentence, or by sentences of one kind

// "copy, groups"; "after, std 0.2; before, std 0.2" where a name has a comma of its own; with a
// count in place of the names beyond the first ones. Empty for no names.
std::string ListedNames(const std::vector<std::string>& names);

}  // namespace upcycle
