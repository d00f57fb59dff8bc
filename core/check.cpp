#include "core/check.h"

#include <cstring>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle::internal {

void CheckFailed(const char* file, int line, const char* expression, const std::string& detail) {
  // The file's name from the project's top, whatever folder it was built in.
  const char* name = std::strrchr(file, '/');
  throw Error(
      Cause::kBug,
      fmt::format("internal check failed at {}:{}: {}{}{}. This is a bug in upcycle: please "
                  "report it with the recipe that shows it.",
                  name == nullptr ? file : name + 1, line, expression,
                  detail.empty() ? "" : " with ", detail));
}

}  // namespace upcycle::internal
