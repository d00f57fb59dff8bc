// The benchmark models, measured: in this process, or each in a process of its own, so that a
// kernel that hangs or faults takes no other model with it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/recipe/train_settings.h"
#include "experiments/bench/benchmark_models.h"

namespace upcycle {

struct ModelsBench {
  std::string device = "auto";
  Precision precision = Precision::kBFloat16;
  int threads = 1;              // of a CPU
  double seconds = 2;           // of each measurement
  double budget_seconds = 300;  // of everything; models that it has no room for are not measured
  double model_seconds = 75;    // of one model, which is then given up
};

// The models whose names hold the regular expression. Throws Error(kInput) for one that is none, or
// that finds nothing.
std::vector<BenchmarkModel> ChosenModels(const std::string& regex);

// Device, driver, date and program, and "models" without any figure: the reason is what the device
// lacks, or that nothing was tried yet.
nlohmann::json EmptyReport(const ModelsBench& bench, const std::vector<BenchmarkModel>& models);

// Whether the report's device is there.
bool HasDevice(const nlohmann::json& report);

// Fills report["models"] one after the other; `publish` is called whenever there is more.
void MeasureInProcess(const ModelsBench& bench, const std::vector<BenchmarkModel>& models,
                      nlohmann::json& report, const std::function<void()>& publish);
void MeasureInProcesses(const ModelsBench& bench, const std::vector<BenchmarkModel>& models,
                        nlohmann::json& report, const std::function<void()>& publish);

}  // namespace upcycle
