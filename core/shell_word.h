// Words that a shell takes as they are meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

// The text as one word of a POSIX shell, in quotes where it needs them: what a message tells people
// to type must work when they do.
std::string ShellWord(std::string_view text);

// The words of a line as a shell would cut it that expands nothing: blanks, both kinds of quotes
// and backslashes mean what they mean there. Nothing where a quote stays open.
std::optional<std::vector<std::string>> WordsOfShellLine(std::string_view line);

}  // namespace upcycle
