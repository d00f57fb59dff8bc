// What `bench --statistics` measures: how often verdicts on simulated studies are wrong, how often
// they find what is there, and how often intervals hold the truth.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace upcycle {

// {"studies", "arms", "level", "by_noise": […], "plans": […], "equivalence": […]}, the same for any
// number of threads. Quick: a tenth of the studies. Each step is told on standard error.
nlohmann::json MeasureStatistics(int threads, bool quick);

// Three tables.
std::string StatisticsMarkdown(const nlohmann::json& report);

}  // namespace upcycle
