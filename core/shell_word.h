// Words that a shell takes as they are meant.
#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// The text as one word of a POSIX shell, in quotes where it needs them: what a message tells people
// to type must work when they do.
std::string ShellWord(std::string_view text);

}  // namespace upcycle
