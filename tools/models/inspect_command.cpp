// `upcycle inspect MODEL`

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/checkpoints/elements.h"
#include "core/recipe/canonical.h"
#include "experiments/formats/model_source.h"
#include "experiments/inspection/expert_distance.h"
#include "experiments/inspection/tensor_statistics.h"
#include "experiments/model/model_cost.h"
#include "kernels/backend.h"
#include "results/tables/number_text.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/cores.h"
#include "tools/terminal/model_options.h"
#include "tools/terminal/progress_bar.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Tensors of one kind: of all layers and experts, or a single one.
struct TensorGroup {
  std::string name;
  SafetensorsType type = SafetensorsType::kF32;
  std::vector<int64_t> shape;
  int64_t tensors = 0;
  TensorStatistics statistics;
};

struct Inspection {
  Architecture architecture;
  Format format = Format::kDense;
  Cost cost;
  std::map<std::string, int64_t> bytes_of_type;
  std::vector<TensorGroup> groups;
  std::vector<ExpertDistances> layers;
};

std::vector<TensorGroup> GroupTensors(const TensorSource& tensors, bool each,
                                      const std::function<void(int64_t)>& observe) {
  std::vector<TensorGroup> groups;
  std::map<std::string, size_t> places;
  for (const SafetensorsEntry& entry : tensors.entries()) {
    const std::string name = each ? entry.name : PatternOf(entry.name);
    const std::string key =
        fmt::format("{} {} {}", name, NameOf(entry.type), fmt::join(entry.shape, ","));
    const auto [place, is_new] = places.emplace(key, groups.size());
    if (is_new) groups.push_back({name, entry.type, entry.shape, 0, {}});
    TensorGroup& group = groups[place->second];
    ++group.tensors;
    if (IsFloatingPoint(entry.type)) {
      group.statistics.Add(StatisticsOf(tensors, entry.name, observe));
    }
  }
  return groups;
}

Inspection Inspect(const ModelSource& source, bool each) {
  Inspection found;
  found.architecture = source.architecture();
  found.format = source.format();
  const Architecture& a = found.architecture;
  found.cost = CostOf(a);
  int64_t elements = 0;
  for (const SafetensorsEntry& entry : source.tensors().entries()) {
    found.bytes_of_type[std::string(NameOf(entry.type))] += BytesOf(entry);
    if (IsFloatingPoint(entry.type)) elements += ElementsOf(entry);
  }
  // All numbers once, and those of experts once more.
  const int64_t of_experts = a.has_experts ? found.cost.parameters.experts : 0;
  ByteProgress progress(4 * (elements + of_experts), ::isatty(STDERR_FILENO) == 1);
  int64_t done = 0;
  const auto observe = [&](int64_t more) { progress.Show(4 * (done += more)); };
  found.groups = GroupTensors(source.tensors(), each, observe);
  if (!a.has_experts) return found;
  const std::unique_ptr<Backend> backend = MakeCpuBackend(Cores());
  found.layers = ExpertDistancesOf(source, *backend, observe);
  return found;
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void PrintConfiguration(const ModelSource& source, const Inspection& found) {
  const Architecture& a = found.architecture;
  const ModelSettings& m = a.model;
  const auto count = [](int64_t number) { return CountText(static_cast<double>(number)); };
  fmt::print("{}: {} as {}\n", source.path().native(), NameOf(m.family), NameOf(found.format));
  fmt::print("  parameters  {}", count(found.cost.parameters.Total()));
  if (a.has_experts) fmt::print(", {} for a token", count(found.cost.active_parameters.Total()));
  fmt::print("\n  stored      ");
  const char* separator = "";
  for (const auto& [type, bytes] : found.bytes_of_type) {
    fmt::print("{}{} {}", separator, type, BytesText(static_cast<double>(bytes)));
    separator = ", ";
  }
  fmt::print("\n  layers      {} of width {}, {} heads of {}", m.layers, m.width, m.heads,
             m.HeadWidth());
  if (m.KvHeads() != m.heads) fmt::print(", {} key-value heads", m.KvHeads());
  fmt::print("\n  MLP         {} hidden neurons\n", m.ffn_width);
  fmt::print("  vocabulary  {}, embeddings {}\n", a.vocabulary,
             m.tied_embeddings ? "tied" : "not tied");
  fmt::print("  sequences   of {} tokens\n", m.sequence_length);
  if (!a.has_experts) return;
  int64_t layers = 0;
  for (int64_t layer = 0; layer < m.layers; ++layer) layers += a.LayerHasExperts(layer) ? 1 : 0;
  fmt::print("  experts     {} of {} neurons in {} layers, {} a token, {}{}\n", a.moe.Experts(),
             a.ExpertWidth(), layers, a.moe.top_k, NameOf(a.moe.router.order),
             a.moe.shared_expert == SharedExpert::kNone
                 ? ""
                 : fmt::format(", a {} shared expert", NameOf(a.moe.shared_expert)));
}

void PrintTensors(const std::vector<TensorGroup>& groups) {
  size_t width = 6, shapes = 5;
  for (const TensorGroup& group : groups) {
    width = std::max(width, group.name.size());
    shapes = std::max(shapes, ShapeText(group.shape).size());
  }
  fmt::print("\n{:<{}}  {:>7}  {:<5}  {:<{}}  {:>11}  {:>11}  {:>11}  {:>11}  {}\n", "tensor",
             width, "number", "type", "shape", shapes, "mean", "deviation", "smallest", "largest",
             "zeros");
  for (const TensorGroup& group : groups) {
    const TensorStatistics& s = group.statistics;
    fmt::print("{:<{}}  {:>7}  {:<5}  {:<{}}  ", group.name, width, group.tensors,
               NameOf(group.type), ShapeText(group.shape), shapes);
    if (s.finite == 0) {
      fmt::print("{:>11}\n", s.count == 0 ? "no floats" : "not finite");
      continue;
    }
    fmt::print("{:>11.4g}  {:>11.4g}  {:>11.4g}  {:>11.4g}  {:.2f} %", s.Mean(),
               s.StandardDeviation(), s.smallest, s.largest,
               100 * static_cast<double>(s.zeros) / static_cast<double>(s.count));
    if (s.finite < s.count) fmt::print("  {} NOT FINITE", s.count - s.finite);
    fmt::print("\n");
  }
}

void PrintDistances(const std::vector<ExpertDistances>& layers) {
  if (layers.empty()) return;
  fmt::print(
      "\nexperts, all of an expert's weights as one vector; a distance of 0 is a copy, of "
      "√2 an expert that has nothing to do with the other\n");
  fmt::print("{:>5}  {:>8}  {:>8}  {:>11}  {:>18}  {:>18}  {:>13}\n", "layer", "distance", "cosine",
             "equal pairs", "nearest", "farthest", "router cosine");
  for (const ExpertDistances& layer : layers) {
    const auto pair = [](const ExpertPair& p) {
      return fmt::format("{:.4f} ({}, {})", p.distance, p.first, p.second);
    };
    fmt::print("{:>5}  {:>8.4f}  {:>8.4f}  {:>11}  {:>18}  {:>18}  {:>13.4f}\n", layer.layer,
               layer.mean_distance, layer.mean_cosine,
               fmt::format("{}/{}", layer.equal_pairs, layer.experts * (layer.experts - 1) / 2),
               pair(layer.nearest), pair(layer.farthest), layer.router_cosine);
  }
}

json JsonOf(const Inspection& found) {
  const Architecture& a = found.architecture;
  json all = {{"format", NameOf(found.format)},
              {"model", AllSettings(a.model)},
              {"vocabulary", a.vocabulary},
              {"parameters", found.cost.parameters.Total()},
              {"active_parameters", found.cost.active_parameters.Total()},
              {"bytes", found.bytes_of_type}};
  if (a.has_experts) all["moe"] = AllSettings(a.moe);
  for (const TensorGroup& group : found.groups) {
    const TensorStatistics& s = group.statistics;
    json entry = {{"name", group.name},   {"tensors", group.tensors}, {"type", NameOf(group.type)},
                  {"shape", group.shape}, {"count", s.count},         {"finite", s.finite}};
    if (s.finite > 0) {
      entry.update({{"mean", s.Mean()},
                    {"deviation", s.StandardDeviation()},
                    {"smallest", s.smallest},
                    {"largest", s.largest},
                    {"zeros", s.zeros}});
    }
    all["tensors"].push_back(entry);
  }
  for (const ExpertDistances& layer : found.layers) {
    const auto pair = [](const ExpertPair& p) {
      return json{{"experts", {p.first, p.second}}, {"distance", p.distance}};
    };
    all["experts"].push_back({{"layer", layer.layer},
                              {"distance", layer.mean_distance},
                              {"cosine", layer.mean_cosine},
                              {"equal_pairs", layer.equal_pairs},
                              {"nearest", pair(layer.nearest)},
                              {"farthest", pair(layer.farthest)},
                              {"router_cosine", layer.router_cosine}});
  }
  return all;
}

}  // namespace

int InspectCommand(const Arguments& arguments) {
  std::string path;
  bool each = false, as_json = false;
  CommandLine line("inspect MODEL [options]",
                   "What a model is: its configuration, what its weights are like, and how far its "
                   "experts\nare from each other.");
  line.Positional("MODEL", &path, kModelHelp);
  line.Flag("tensors", &each, "each tensor by itself, in place of those of a kind together");
  line.Flag("json", &as_json, "as JSON");
  line.Parse(arguments);
  const ModelSource source(path);
  const Inspection found = Inspect(source, each);
  if (as_json) {
    fmt::print("{}\n", JsonOf(found).dump(2));
    return kExitDone;
  }
  PrintConfiguration(source, found);
  PrintTensors(found.groups);
  PrintDistances(found.layers);
  return kExitDone;
}

}  // namespace upcycle
