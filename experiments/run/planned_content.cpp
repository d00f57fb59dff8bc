#include "experiments/run/planned_content.h"

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {

void RequirePlanned(std::string_view what, const Fingerprint& found, const Fingerprint& planned) {
  if (found == planned) return;
  throw Error(
      Cause::kInput,
      fmt::format("{} changed since the study was planned; run the same command again", what));
}

}  // namespace upcycle
