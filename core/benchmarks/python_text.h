// Text as Python's str sees it: the harness whose prompts we write is a Python program, and what it
// strips, lowers and counts are code points of Unicode.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace upcycle {

// Without the whitespace that str.isspace knows: also U+00A0, U+2028 or U+3000.
std::string_view StripLeft(std::string_view text);
std::string_view StripRight(std::string_view text);
std::string_view Strip(std::string_view text);

// str.replace: every occurrence from the left on, none of them overlapping. `from` is not empty.
std::string Replace(std::string_view text, std::string_view from, std::string_view to);

// str.capitalize: the first character as a capital, all others small. One character stays one, and
// knows nothing of its neighbours: the few that Python maps to two, and a Greek sigma at the end of
// a word, differ.
std::string Capitalize(std::string_view text);

}  // namespace upcycle
