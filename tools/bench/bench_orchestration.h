// What `bench --orchestration` measures: planning, scheduling, recording and reading of studies
// whose stages are no work, beside what each may take.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"

namespace upcycle {

struct OrchestrationBench {
  fs::path folder;     // under which a folder is made, and removed in the end
  int jobs = 1;        // processes at a time
  bool quick = false;  // small enough for seconds; targets are of the whole
};

// {"processor", "jobs", "quick", "rows": [{"key", "what", "of", "value", "unit", and where there
// are any "cpu_seconds", "target", "met"}], "counts": {"runs", "processes", "planned", "points"}}.
// Each step is told on standard error. Throws Error(kInterrupted) where Ctrl-C stopped it.
nlohmann::json MeasureOrchestration(const OrchestrationBench& bench);

// A report of MeasureOrchestration, for a terminal and as a page.
std::string OrchestrationText(const nlohmann::json& report);
std::string OrchestrationMarkdown(const nlohmann::json& report);

}  // namespace upcycle
