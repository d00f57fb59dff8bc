// Text for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "results/tables/table.h"

namespace upcycle {

// With blanks for control characters, which a terminal would obey, those of eight bits too, and �
// for every byte that is not UTF-8 and every mark that turns the direction of writing.
std::string Printable(const std::string& text);

// How many columns of a terminal the characters of `text` take: two each of Chinese, none of marks
// that are put on others.
size_t ColumnsOf(std::string_view text);

// Of printable text as much as `columns` columns hold, with … at its end where something was cut.
// Characters that are not seen, such as those that turn the direction of writing, are left out.
std::string CutToColumns(std::string_view text, size_t columns);

// In the tone's colour where `color` is set, else as it is.
std::string Colored(const std::string& text, Tone tone, bool color);

std::string Emboldened(const std::string& text, bool bold);

// Broken at blanks into lines of at most `width` columns (0: into none), those after the first
// indented by `indent`. The first begins in column `begin`.
std::string Wrapped(const std::string& text, size_t width, size_t indent, size_t begin = 0);

}  // namespace upcycle
