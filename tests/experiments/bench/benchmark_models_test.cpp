#include "experiments/bench/benchmark_models.h"

#include <set>

#include <gtest/gtest.h>

#include "experiments/model/model_cost.h"

namespace upcycle {
namespace {

TEST(BenchmarkModels, AreToldApartByTheirNames) {
  std::set<std::string> names;
  for (const BenchmarkModel& model : GpuBenchmarkModels()) {
    EXPECT_TRUE(names.insert(model.name).second) << model.name;
  }
}

TEST(BenchmarkModels, HaveTheSizesThatTheirNamesSay) {
  for (const BenchmarkModel& model : GpuBenchmarkModels()) {
    const Architecture& a = model.architecture;
    const Cost cost = CostOf(model.architecture);
    if (model.name == "0.5B dense") {
      EXPECT_NEAR(cost.parameters.Total(), 0.494e9, 0.001e9);
    }
    if (model.name == "Llama-3-8B layers dense") {
      EXPECT_EQ(cost.parameters.mlp, 2 * 3 * 4096 * 14336);
      EXPECT_EQ(cost.parameters.attention, 2 * 4096 * (2 * 4096 + 2 * 1024));
    }
    if (model.name == "Llama-3-8B layers E8G8T8, capacity 1") {
      EXPECT_EQ(a.moe.Experts(), 64);
    }
  }
}

TEST(BenchmarkModels, KnowDensePeaksAndNoneOfAnUnknownGpu) {
  EXPECT_EQ(PeakBFloat16Flops("NVIDIA H100 80GB HBM3"), 989.4e12);
  EXPECT_EQ(PeakBFloat16Flops("NVIDIA H100 PCIe"), 756e12);
  EXPECT_EQ(PeakBFloat16Flops("NVIDIA A100-SXM4-80GB"), 312e12);
  EXPECT_EQ(PeakBFloat16Flops("Some other GPU"), 0);
}

}  // namespace
}  // namespace upcycle
