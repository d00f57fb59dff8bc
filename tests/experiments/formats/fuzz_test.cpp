// Random mutations of models' folders: whatever they hold, they are read and can be converted, or
// they are refused.
#include "tests/tools/fuzz.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "experiments/conversion/conversion.h"
#include "experiments/formats/config_reader.h"
#include "experiments/model/model_cost.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const fs::path kModels = UPCYCLE_GOLDEN_MODELS;

constexpr std::array<std::string_view, 22> kWords = {
    "null,",
    "1e308",
    "[[[[[[[[",
    "\\u0000",
    "\"model_type\":\"qwen3_moe\",",
    "\"model_type\":\"mixtral\",",
    "\"upcycle\":{\"model\":{\"heads\":0}},",
    "\"upcycle\":{\"model\":{},\"moe\":{\"granularity\":0}},",
    "\"num_hidden_layers\":1000000000,",
    "\"vocab_size\":2147483648,",
    "\"head_dim\":3,",
    "\"num_experts\":131072,",
    "\"moe_intermediate_size\":1,",
    "\"mlp_only_layers\":[1,-1,0],",
    "\"decoder_sparse_step\":9223372036854775807,",
    "\"partial_rotary_factor\":-1e300,",
    "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":0},",
    "\"rope_parameters\":{\"rope_type\":\"llama3\",\"low_freq_factor\":9},",
    "\"layer_types\":7,",
    "\"sliding_window\":1,",
    "\"tie_word_embeddings\":true,",
    "\"quantization_config\":{},",
};

class ModelFuzz : public testing::TestWithParam<const char*> {
 protected:
  ModelFuzz() {
    fs::copy(kModels / GetParam(), folder_.path());
    fs::remove(folder_ / "expected.safetensors");
  }

  void Replace(const std::string& file, const std::string& content) const {
    fs::remove(folder_ / file);  // file systems wait for the disk where a file is replaced
    Put(folder_ / file, content);
  }

  TemporaryFolder folder_;
};

TEST_P(ModelFuzz, AnyConfigurationIsReadOrRefused) {
  const std::string name = std::string(GetParam()) + "/config.json";
  ExpectReadOrRefused(name, ReadTextFile(folder_ / "config.json"), 300, kWords,
                      [&](const std::string& config) {
                        Replace("config.json", config);
                        const Architecture a = ReadModelConfig(folder_.path()).architecture;
                        CostOf(a);
                        const ConversionPlan plan =
                            PlanConversion(a, SafetensorsType::kF64, {.format = Format::kOwn});
                        EXPECT_GT(plan.Bytes(), 0);
                      });
}

// What is written can be read again.
void Convert(const fs::path& from, const fs::path& to, const ConversionSettings& settings) {
  std::vector<std::unique_ptr<ModelSource>> sources;
  sources.push_back(std::make_unique<ModelSource>(from));
  Conversion(sources, settings).Run(to, [](int64_t) {});
  const ModelSource written(to);
  for (const SafetensorsEntry& entry : written.tensors().entries()) {
    std::vector<float> values(static_cast<size_t>(ElementsOf(entry)));
    written.tensors().Read(entry.name, 0, values);
  }
}

ConversionSettings ToMixture() {
  Mixture mixture;
  mixture.moe.expansion = 2;
  mixture.upcycle.method = UpcycleMethod::kDrop;
  return {.mixture = mixture, .format = Format::kOwn};
}

TEST_P(ModelFuzz, AnyWeightsAreConvertedOrRefused) {
  const std::string good = ReadTextFile(folder_ / "model.safetensors");
  const bool is_dense = !ModelSource(folder_.path()).architecture().has_experts;
  const TemporaryFolder out;
  int attempt = 0;
  ExpectReadOrRefused(std::string(GetParam()) + "/model.safetensors", good, 30, {},
                      [&](const std::string& weights) {
                        Replace("model.safetensors", weights);
                        const bool is_upcycled = is_dense && ++attempt % 2 == 0;
                        fs::remove_all(out / "to");
                        Convert(folder_.path(), out / "to",
                                is_upcycled ? ToMixture() : ConversionSettings());
                      });
}

INSTANTIATE_TEST_SUITE_P(Golden, ModelFuzz,
                         testing::Values("gemma", "gpt2", "llama", "llama_linear", "llama_scaled",
                                         "mistral", "mixtral", "nemotron", "neox", "olmo", "olmo2",
                                         "olmoe", "qwen2", "qwen2_moe", "qwen2_moe_layers", "qwen3",
                                         "qwen3_moe"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace upcycle
