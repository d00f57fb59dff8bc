#pragma once

#include "results/export/terminal.h"

namespace upcycle {

// How wide standard output is, and whether it shows colours.
TerminalLayout LayoutOfOutput();

}  // namespace upcycle
