// What `upcycle bench` reports of a GPU, which here is the host's stand-in for one.
#include "tools/bench/bench_report.h"

#include <gtest/gtest.h>

#include "kernels/gpus.h"
#include "tests/experiments/run/training_fixture.h"
#include "tests/says.h"
#include "tools/bench/bench_markdown.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr double kPeak = 1e12;

BenchmarkModel SmallModel() { return {"small E4T2", SmallArchitecture(true), 2}; }

Json MeasuredModel() {
  BenchmarkOptions options;
  options.seconds = 0.001;
  options.learning_steps = 1;
  options.matmul_size = 32;
  options.gpu = 0;
  const ModelFigures figures = MeasureModel(
      SmallModel(), [] { return MakeCudaBackend(0, DataType::kBFloat16); }, options,
      [](const auto&) {});
  return ModelFiguresJson(SmallModel(), figures, kPeak);
}

Json ReportOf(Json model) {
  return {{"program", "upcycle"},    {"date", "2026-01-01"}, {"device", {{"name", "stand-in"}}},
          {"precision", "bfloat16"}, {"peak_tflops", 1.0},   {"models", {std::move(model)}}};
}

TEST(BenchReport, HoldsEveryFigureOfAModelOnAGpu) {
  const Json model = MeasuredModel();
  for (const char* part : {"planned_bytes", "taken_bytes", "matmul_tflops", "balanced", "learned",
                           "ops", "expert_products"}) {
    ASSERT_TRUE(model.contains(part)) << part;
    const bool missing = model.at(part).is_object() && model.at(part).contains("not_measured");
    EXPECT_FALSE(missing) << part << ": " << model.at(part);
  }
  const Json& step = model.at("balanced");
  EXPECT_DOUBLE_EQ(step.at("mfu"), step.at("model_tflops").get<double>() * 1e12 / kPeak);
  EXPECT_GE(step.at("largest_over_mean_load"), 1);
  double shares = 0;
  for (const Json& op : model.at("ops").at("shares")) shares += op.at("share").get<double>();
  EXPECT_NEAR(shares, 1, 1e-9);
  EXPECT_FALSE(Says(BenchMarkdown(ReportOf(model)), "| not measured"));
}

TEST(BenchReport, SaysWhyThereIsNoFigure) {
  const Json model = NotMeasuredJson(SmallModel(), {1, 2, 3, 4, 5}, "no driver");
  EXPECT_EQ(model.at("planned_bytes").at("total"), 15);
  const std::string page = BenchMarkdown(ReportOf(model));
  EXPECT_TRUE(Says(page, "not measured"));
  EXPECT_TRUE(Says(page, "ops, taken_bytes: no driver (all models)"));
}

TEST(BenchReport, StatesShapesOnceForWhoeverBuildsThemElsewhere) {
  const Json shape = ModelShapeJson(SmallModel());
  EXPECT_EQ(shape.at("kv_heads"), 2);
  EXPECT_EQ(shape.at("head_width"), 8);
  EXPECT_EQ(shape.at("experts"), 4);
  EXPECT_EQ(shape.at("expert_width"), 48);
  EXPECT_EQ(shape.at("capacity_factor"), 1.0);
}

}  // namespace
}  // namespace upcycle
