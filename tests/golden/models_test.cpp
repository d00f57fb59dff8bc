// Folders that transformers wrote, against the logits that transformers computed of them, and what
// becomes of them when they are converted. README.md says how they were made.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/checkpoints/safetensors.h"
#include "core/checkpoints/tensor_folder.h"
#include "core/recipe/canonical.h"
#include "experiments/conversion/conversion.h"
#include "experiments/formats/config_reader.h"
#include "experiments/formats/model_source.h"
#include "experiments/model/transformer.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr double kLogitBound = 1e-5;

const char* const kDense[] = {"gemma",        "gpt2",    "llama",    "llama_linear",
                              "llama_scaled", "mistral", "nemotron", "neox",
                              "olmo",         "olmo2",   "qwen2",    "qwen3"};
const char* const kMixtures[] = {"mixtral", "olmoe", "qwen2_moe", "qwen2_moe_layers", "qwen3_moe"};

fs::path FolderNamed(const std::string& name) { return fs::path(UPCYCLE_GOLDEN_MODELS) / name; }

// Of the tokens beside a golden model.
std::vector<float> LogitsOf(const fs::path& folder, const SafetensorsReader& expected) {
  const ModelSource source(folder);
  const ConstTensor tokens = expected.View("tokens");
  const std::unique_ptr<Backend> backend = MakeCpuBackend(1);
  const ModelBuild build = {.limits = {tokens.dim(0), tokens.dim(1), 1},
                            .purpose = Purpose::kEvaluate};
  Transformer model(*backend, source.architecture(), build);
  source.CopyTo(model.parameters(), *backend);
  std::vector<float> logits(static_cast<size_t>(tokens.size() * source.architecture().vocabulary));
  const std::vector<int32_t> targets(static_cast<size_t>(tokens.size()), -1);
  model.Logits({tokens.ints(), targets.data(), tokens.dim(0), tokens.dim(1)}, {}, logits.data());
  return logits;
}

double LargestError(const std::vector<float>& found, const float* expected) {
  double largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double error = std::abs(double{found[i]} - double{expected[i]});
    largest = std::isfinite(error) ? std::max(largest, error) : HUGE_VAL;
  }
  return largest;
}

void Convert(const fs::path& from, const fs::path& to, const ConversionSettings& settings) {
  std::vector<std::unique_ptr<ModelSource>> sources;
  sources.push_back(std::make_unique<ModelSource>(from));
  Conversion(sources, settings).Run(to, [](int64_t) {});
}

class GoldenModel : public testing::TestWithParam<const char*> {
 protected:
  fs::path folder() const { return FolderNamed(GetParam()); }
  TemporaryFolder temporary_;
};

TEST_P(GoldenModel, ComputesTheLogitsThatTransformersComputes) {
  const SafetensorsReader expected(folder() / "expected.safetensors");
  const ConstTensor logits = expected.View("logits");
  const std::vector<float> found = LogitsOf(folder(), expected);
  ASSERT_EQ(static_cast<int64_t>(found.size()), logits.size());
  EXPECT_LE(LargestError(found, logits.floats()), kLogitBound);
}

TEST_P(GoldenModel, IsWrittenBitByBitAsItWasRead) {
  const fs::path output = temporary_.path() / "out";
  Convert(folder(), output, {});
  const TensorFolder before(folder()), after(output);
  ASSERT_EQ(before.entries().size(), after.entries().size());
  for (const SafetensorsEntry& entry : before.entries()) {
    const SafetensorsEntry* written = after.Find(entry.name);
    ASSERT_NE(written, nullptr) << entry.name;
    EXPECT_EQ(*written, entry);
    const auto old_bytes = before.Bytes(entry.name, 0, ElementsOf(entry));
    const auto new_bytes = after.Bytes(entry.name, 0, ElementsOf(entry));
    EXPECT_TRUE(std::ranges::equal(old_bytes, new_bytes)) << entry.name;
  }
}

TEST_P(GoldenModel, KeepsItsConfiguration) {
  const fs::path output = temporary_.path() / "out";
  Convert(folder(), output, {});
  const ModelConfig before = ReadModelConfig(folder()), after = ReadModelConfig(output);
  EXPECT_EQ(before.format, after.format);
  EXPECT_EQ(AllSettings(before.architecture.model), AllSettings(after.architecture.model));
  EXPECT_EQ(AllSettings(before.architecture.moe), AllSettings(after.architecture.moe));
  EXPECT_EQ(before.architecture.vocabulary, after.architecture.vocabulary);
}

// The program's own format has what transformers cannot say, and says everything.
TEST_P(GoldenModel, ComputesTheSameInTheProgramsOwnFormat) {
  const fs::path output = temporary_.path() / "out";
  Convert(folder(), output, {.format = Format::kOwn});
  const SafetensorsReader expected(folder() / "expected.safetensors");
  EXPECT_LE(LargestError(LogitsOf(output, expected), expected.View("logits").floats()),
            kLogitBound);
}

std::string NameOfCase(const testing::TestParamInfo<const char*>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Dense, GoldenModel, testing::ValuesIn(kDense), NameOfCase);
INSTANTIATE_TEST_SUITE_P(Mixture, GoldenModel, testing::ValuesIn(kMixtures), NameOfCase);

ConversionSettings CopiesOf(Format format, RoutingOrder order) {
  Mixture mixture;
  mixture.moe = {.expansion = 4, .granularity = 1, .top_k = 2, .layers = {}, .router = {}};
  mixture.moe.router.order = order;
  mixture.upcycle = {.method = UpcycleMethod::kCopy, .scaling = WeightScaling::kExact};
  return {.mixture = mixture, .format = format};
}

// Weights that sum to 1 make copies of an MLP the MLP itself.
TEST(UpcycledGoldenModel, ComputesWhatItsParentComputes) {
  const std::pair<const char*, Format> cases[] = {
      {"llama", Format::kMixtral},   {"llama_scaled", Format::kMixtral},
      {"mistral", Format::kMixtral}, {"llama", Format::kQwen2Moe},
      {"qwen2", Format::kQwen2Moe},  {"qwen3", Format::kQwen3Moe},
      {"gemma", Format::kOwn},       {"nemotron", Format::kOwn}};
  for (const auto& [name, format] : cases) {
    const TemporaryFolder temporary;
    const fs::path output = temporary.path() / "out";
    Convert(FolderNamed(name), output, CopiesOf(format, RoutingOrder::kTopkThenSoftmax));
    const SafetensorsReader expected(FolderNamed(name) / "expected.safetensors");
    const std::vector<float> logits = LogitsOf(output, expected);
    EXPECT_LE(LargestError(logits, expected.View("logits").floats()), kLogitBound) << name;
  }
}

}  // namespace
}  // namespace upcycle
