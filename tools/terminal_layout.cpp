#include "tools/terminal_layout.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace upcycle {

TerminalLayout LayoutOfOutput() {
  if (::isatty(STDOUT_FILENO) != 1) return {};
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {0, true};
  return {size.ws_col, true};
}

}  // namespace upcycle
