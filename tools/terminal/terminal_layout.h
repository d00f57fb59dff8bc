#pragma once

#include "results/tables/terminal.h"

namespace upcycle {

// How wide standard output is, and whether it shows colours: on a terminal, unless NO_COLOR says
// otherwise (no-color.org).
TerminalLayout LayoutOfOutput();

// How high the terminal is; 0 where standard output is none.
size_t RowsOfOutput();

}  // namespace upcycle
