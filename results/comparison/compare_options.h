// What is asked of a comparison beside what the recipe says of its table, and the command that asks
// for it again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

struct CompareOptions {
  bool allow_incomplete = false;  // judge arms whose seeds are not all there by those that are
  std::optional<std::string> rows = std::nullopt;  // these in place of the recipe's
  std::optional<std::vector<std::string>> columns = std::nullopt;
  std::optional<std::string> sort = std::nullopt;
  bool only_changed = false;            // or where the recipe says so
  bool evidence = false;                // the table of results/evidence/evidence.h, too
  std::vector<std::string> where = {};  // conditions as results/comparison/arm_filter.h has them
};

// "upcycle export routing --where 'arm~copies'": words of a POSIX shell, which can stand in a
// comment of HTML. It makes the table of arms; that of the evidence has a command of its own.
// Throws Error(kInput) for an option with a control character, as it is one line.
std::string ExportCommandOf(std::string_view study, const CompareOptions& options);

}  // namespace upcycle
