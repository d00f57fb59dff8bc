#include "experiments/run/benchmark_order.h"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/benchmarks/benchmark_prompt.h"
#include "core/benchmarks/benchmark_set.h"
#include "core/check.h"
#include "core/recipe/canonical.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Beside the settings of the execution.
constexpr char kFolder[] = "folder";

}  // namespace

Fingerprint ReadBenchmarkContent(Benchmark benchmark, const BenchmarkSettings& settings) {
  const auto sets = OpenBenchmark(benchmark, FolderOf(benchmark, settings.folder));
  for (const BenchmarkSet& set : sets) ChooseExamples(set, 0, settings.shots);
  return ContentOf(sets);
}

Stage BenchmarkStage(const BenchmarkOrder& order, std::optional<Fingerprint> trained) {
  UPCYCLE_CHECK(trained.has_value() != order.model.has_value());
  Stage stage{StageKind::kBenchmark,
              {{"task", NameOf(order.benchmark)},
               {"content", order.content.Hex()},
               {"shots", order.settings.shots},
               {"items", order.settings.items},
               {"begin_of_text", NameOf(order.settings.begin_of_text)},
               {"precision", NameOf(order.precision)}},
              {},
              AllSettings(order.execution)};
  stage.execution[kFolder] = order.settings.folder;
  if (trained) stage.inputs.push_back(*trained);
  if (order.model) NameOutsideModel(*order.model, stage);
  return stage;
}

BenchmarkOrder ReadBenchmarkOrder(const Stage& stage) {
  UPCYCLE_CHECK(stage.kind == StageKind::kBenchmark);
  const json& settings = stage.settings;
  BenchmarkOrder order;
  order.benchmark = BenchmarksNamed(std::vector{settings.at("task").get<std::string>()}).front();
  order.content = Fingerprint::FromHex(settings.at("content").get<std::string>());
  order.settings.folder = stage.execution.at(kFolder);
  order.settings.shots = settings.at("shots");
  order.settings.items = settings.at("items");
  order.settings.begin_of_text =
      ValueNamed<TextBeginning>(settings.at("begin_of_text").get<std::string>()).value();
  order.precision = ValueNamed<Precision>(settings.at("precision").get<std::string>()).value();
  order.execution = ReadExecution(stage);
  order.model = ReadOutsideModel(stage);
  return order;
}

}  // namespace upcycle
