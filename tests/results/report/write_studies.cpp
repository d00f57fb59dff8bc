// `write_studies ROOT`: studies of many shapes, and a large one, to look at what is drawn of them.
// `write_studies ROOT runs`: a root of ten studies with ten thousand runs in all.

#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "tests/results/report/sampled_study.h"

namespace upcycle {
namespace {

constexpr const char* kLongName =
    "virtual groups of eight experts each, copied from the parent's and drawn again by half";

void WriteShapes(LedgerWriter* ledger) {
  using enum StageState;
  const std::vector<SampledStudy> studies = {
      {.name = "grid", .arm = "", .levels = {3, 2, 2}, .seeds = 5, .settings = true},
      {.name = "twelve", .arm = kLongName, .levels = {4, 3}, .settings = true},
      {.name = "one-arm", .arm = "alone", .seeds = 3},
      {.name = "one-seed", .arm = "once", .levels = {2, 2}, .seeds = 1},
      {.name = "empty", .arm = "planned", .levels = {2, 2}, .end = kPlanned},
      {.name = "failed", .arm = "failed", .levels = {2, 2}, .end = kFailed},
      {.name = "large", .arm = "large", .levels = {5, 5, 4}, .seeds = 10, .points = 300},
  };
  for (const SampledStudy& study : studies) RecordSampledStudy(study, ledger);
}

void WriteRuns(LedgerWriter* ledger) {
  for (int i = 0; i < 10; ++i) {
    RecordSampledStudy({.name = fmt::format("study-{}", i),
                        .arm = fmt::format("study {}", i),
                        .levels = {5, 5, 4},
                        .seeds = 10},
                       ledger);
  }
}

}  // namespace
}  // namespace upcycle

int main(int count, char** arguments) {
  if (count < 2 || count > 3) {
    std::fputs("write_studies ROOT [runs]\n", stderr);
    return 2;
  }
  upcycle::LedgerWriter ledger(upcycle::fs::path(arguments[1]) / "ledger.sqlite");
  if (count == 3 && std::string_view(arguments[2]) == "runs") {
    upcycle::WriteRuns(&ledger);
  } else {
    upcycle::WriteShapes(&ledger);
  }
}
