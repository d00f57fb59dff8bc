#include "tools/terminal/terminal_layout.h"

#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace upcycle {

TerminalLayout LayoutOfOutput() {
  if (::isatty(STDOUT_FILENO) != 1) return {};
  const char* no_color = std::getenv("NO_COLOR");
  const bool color = no_color == nullptr || *no_color == '\0';
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {0, color};
  return {size.ws_col, color};
}

size_t RowsOfOutput() {
  winsize size = {};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

}  // namespace upcycle
