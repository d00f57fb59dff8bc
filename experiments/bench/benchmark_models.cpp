#include "experiments/bench/benchmark_models.h"

#include <fmt/format.h>

namespace upcycle {
namespace {

// Two layers, with one table for embedding and head: what fits one device.
ModelSettings LlamaLayers() {
  ModelSettings model;
  BecomeKnownModel(model, KnownModel::kLlama3_8b);
  model.layers = 2;
  model.tied_embeddings = true;
  return model;
}

ModelSettings HalfBillion() {
  ModelSettings model;
  model.layers = 24;
  model.width = 896;
  model.heads = 14;
  model.kv_heads = 2;
  model.ffn_width = 4864;
  model.sequence_length = 2048;
  model.rope_theta = 1e6;
  return model;
}

ModelSettings Quickstart() {
  ModelSettings model;
  model.layers = 2;
  model.width = 64;
  model.heads = 4;
  model.kv_heads = 2;
  model.ffn_width = 192;
  model.sequence_length = 128;
  return model;
}

BenchmarkModel Dense(const std::string& name, const ModelSettings& model, int64_t vocabulary,
                     int64_t sequences) {
  BenchmarkModel dense;
  dense.name = name + " dense";
  dense.architecture.model = model;
  dense.architecture.vocabulary = vocabulary;
  dense.sequences = sequences;
  return dense;
}

// E8, with granularity and top-k; no capacity is dropless.
BenchmarkModel Upcycled(BenchmarkModel dense, const std::string& name, int64_t granularity,
                        int64_t top_k, CapacityFactor capacity) {
  Architecture& architecture = dense.architecture;
  architecture.has_experts = true;
  architecture.moe.granularity = granularity;
  architecture.moe.top_k = top_k;
  architecture.moe.capacity_factor = capacity;
  dense.name = fmt::format("{} E8{}T{}, {}", name,
                           granularity > 1 ? fmt::format("G{}", granularity) : "", top_k,
                           capacity.dropless() ? std::string("dropless")
                                               : fmt::format("capacity {:g}", *capacity.factor));
  return dense;
}

}  // namespace

std::vector<BenchmarkModel> GpuBenchmarkModels() {
  const std::string layers = "Llama-3-8B layers", half = "0.5B", small = "quickstart";
  const BenchmarkModel llama = Dense(layers, LlamaLayers(), 4096, 1);
  const BenchmarkModel qwen = Dense(half, HalfBillion(), 151936, 4);
  const BenchmarkModel quickstart = Dense(small, Quickstart(), 512, 32);
  const CapacityFactor dropless;
  return {llama,
          Upcycled(llama, layers, 1, 2, {1.0}),
          Upcycled(llama, layers, 1, 2, {2.0}),
          Upcycled(llama, layers, 1, 2, {4.0}),
          Upcycled(llama, layers, 1, 2, dropless),
          Upcycled(llama, layers, 8, 8, {1.0}),
          qwen,
          Upcycled(qwen, half, 1, 2, {1.0}),
          quickstart,
          Upcycled(quickstart, small, 1, 2, dropless)};
}

// Data sheets of the SXM and PCIe forms. The names are the driver's.
double PeakBFloat16Flops(std::string_view gpu_name) {
  struct Peak {
    std::string_view part;
    double teraflops;
  };
  // The first part that a name holds decides.
  constexpr Peak kPeaks[] = {{"H100 PCIe", 756}, {"H100 NVL", 835}, {"H100", 989.4},
                             {"H200 NVL", 835},  {"H200", 989.4},   {"GH200", 989.4},
                             {"A100", 312},      {"L40S", 362},     {"RTX 4090", 165.2}};
  for (const Peak& peak : kPeaks) {
    if (gpu_name.find(peak.part) != std::string_view::npos) return peak.teraflops * 1e12;
  }
  return 0;
}

}  // namespace upcycle
