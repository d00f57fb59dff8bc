#include "tools/terminal/error_line.h"

#include <algorithm>
#include <string_view>

#include "results/tables/terminal_text.h"

namespace upcycle {

std::string ErrorLine(const std::string& message) {
  std::string line = "error: ";
  for (size_t at = 0; at <= message.size();) {
    const size_t end = std::min(message.find('\n', at), message.size());
    line += Printable(message.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return line;
}

}  // namespace upcycle
