#pragma once

#include <cstddef>
#include <string>

#include "results/tables/table.h"

namespace upcycle {

struct TerminalLayout {
  size_t width = 0;    // columns of the terminal; 0: lines as long as they come
  bool color = false;  // with ANSI escapes, for a terminal that shows them
};

// The title, the table, and the notes. A table wider than the terminal is cut into blocks that each
// repeat the first column, and notes are wrapped. Bold cells have a star where there are no
// colours.
std::string ToTerminal(const Table& table, const TerminalLayout& layout);

}  // namespace upcycle
