// "Did you mean": the known name nearest to one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace upcycle {

// By insertions, deletions, replacements and swaps of neighbours (Damerau 1964), at most a third of
// the name's length of them; empty if no name is that near.
std::string NearestName(std::string_view name, std::span<const std::string> known);

}  // namespace upcycle
