#pragma once

#include <string>
#include <string_view>

#include "results/tables/table.h"

namespace upcycle {

// A table environment with booktabs' rules, for \input in a paper that has \usepackage{booktabs},
// below the command in a comment.
std::string ToLatex(const Table& table);

// The text so that LaTeX sets it as it stands: every character with a meaning of its own is
// escaped, and the signs of our own tables become commands. Other letters beyond ASCII stay as
// UTF-8: Latin ones compile everywhere, the rest with LuaLaTeX and a font that has them.
std::string LatexEscaped(std::string_view text);

}  // namespace upcycle
