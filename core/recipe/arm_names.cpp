#include "core/recipe/arm_names.h"

#include <algorithm>
#include <string_view>

namespace upcycle {
namespace {

// The last `steps` steps of a path, or all of it.
std::string_view Tail(std::string_view path, int steps) {
  size_t end = path.size();
  for (int i = 0; i < steps; ++i) {
    const size_t dot = end == 0 ? path.npos : path.rfind('.', end - 1);
    if (dot == path.npos) return path;
    end = dot;
  }
  return path.substr(end + 1);
}

}  // namespace

std::map<std::string, std::string> ShortLabels(const std::set<WrittenPath>& paths) {
  std::map<std::string, std::string> labels;
  for (const auto& [written, setting] : paths) {
    const auto is_ambiguous = [&](int steps) {
      return std::any_of(paths.begin(), paths.end(), [&](const WrittenPath& other) {
        return other.second != setting && Tail(other.first, steps) == Tail(written, steps);
      });
    };
    int steps = 1;
    while (is_ambiguous(steps) && Tail(written, steps) != written) ++steps;
    labels[written] = Tail(written, steps);
  }
  return labels;
}

}  // namespace upcycle
