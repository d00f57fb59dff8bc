#pragma once

#include "results/tables/terminal.h"

namespace upcycle {

// How wide standard output is, and whether it shows colours.
TerminalLayout LayoutOfOutput();

}  // namespace upcycle
