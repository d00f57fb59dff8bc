#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace upcycle {

// A report of bench_models.h as tables: speed, memory, experts' products, time by op; and why cells
// say "not measured".
std::string BenchMarkdown(const nlohmann::json& report);

}  // namespace upcycle
