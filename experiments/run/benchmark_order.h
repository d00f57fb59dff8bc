// Stages that ask a benchmark of a model, and what such a stage is told.
#pragma once

#include <optional>

#include "core/benchmarks/benchmark.h"
#include "core/fingerprint.h"
#include "core/recipe/settings.h"
#include "experiments/run/outside_model.h"
#include "experiments/run/stage.h"

namespace upcycle {

// Of the files of a benchmark, which are read. Throws Error(kInput) where they are not there or not
// as published, and where they have too few examples for settings.shots.
Fingerprint ReadBenchmarkContent(Benchmark benchmark, const BenchmarkSettings& settings);

struct BenchmarkOrder {
  Benchmark benchmark = Benchmark::kMmlu;
  Fingerprint content;         // of its files: ContentOf (core/benchmarks)
  BenchmarkSettings settings;  // but for its tasks
  Precision precision = Precision::kFloat32;
  ExecutionSettings execution;
  std::optional<OutsideModel> model;  // without one, that of its input
};

// `trained` is the stage whose model is asked, where there is none from outside.
Stage BenchmarkStage(const BenchmarkOrder& order, std::optional<Fingerprint> trained);

BenchmarkOrder ReadBenchmarkOrder(const Stage& stage);

}  // namespace upcycle
