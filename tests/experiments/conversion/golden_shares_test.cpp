// Shares of every family's model: what a rank makes by itself has the bits of its share of all.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "experiments/conversion/conversion.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const fs::path kModels = UPCYCLE_GOLDEN_MODELS;

class GoldenShares : public testing::TestWithParam<const char*> {
 protected:
  GoldenShares() { sources_.push_back(std::make_unique<ModelSource>(kModels / GetParam())); }

  const Architecture& model() const { return sources_.front()->architecture(); }

  void Run(const ConversionSettings& settings, const fs::path& to) const {
    Conversion(sources_, settings).Run(to, [](int64_t) {});
  }

  // How many of the layouts the model can be shared out to.
  int ExpectEachRankMakesItsShare(const ConversionSettings& settings) const {
    int shared = 0;
    for (const ParallelLayout& layout : Layouts()) {
      try {
        RequireShares(PlanConversion(model(), SafetensorsType::kF32, settings).target, layout);
      } catch (const Error&) {
        continue;
      }
      ++shared;
      ExpectEachRankMakesItsShare(settings, layout);
    }
    return shared;
  }

 private:
  static std::vector<ParallelLayout> Layouts() {
    return {{.tensor = 4}, {.tensor = 2, .pipeline = 2}, {.tensor = 2, .expert = 2}};
  }

  void ExpectEachRankMakesItsShare(ConversionSettings settings,
                                   const ParallelLayout& layout) const {
    const TemporaryFolder folder;
    settings.layout = layout;
    Run(settings, folder / "all");
    for (const ParallelRank& rank : RanksOf(layout)) {
      const std::string name = NameOf(rank);
      settings.rank = rank;
      Run(settings, folder / name);
      for (const char* file : {"model.safetensors", "config.json", "upcycle.json"}) {
        EXPECT_EQ(ReadTextFile(folder / name / name / file),
                  ReadTextFile(folder / "all" / name / file))
            << name << "/" << file;
      }
    }
  }

  std::vector<std::unique_ptr<ModelSource>> sources_;
};

TEST_P(GoldenShares, AreMadeAloneAsAmongAll) { EXPECT_GE(ExpectEachRankMakesItsShare({}), 2); }

TEST_P(GoldenShares, OfTheirMixturesToo) {
  if (model().has_experts || model().traits().mlp_bias) {
    GTEST_SKIP() << "only models without experts and biases are upcycled";
  }
  Mixture mixture;
  mixture.moe.expansion = 4;
  mixture.upcycle.method = UpcycleMethod::kDrop;
  EXPECT_GE(ExpectEachRankMakesItsShare({.mixture = mixture, .format = Format::kOwn}), 3);
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenShares,
                         testing::Values("gemma", "gpt2", "llama", "mixtral", "nemotron", "neox",
                                         "olmo", "olmo2", "olmoe", "qwen2", "qwen2_moe", "qwen3",
                                         "qwen3_moe"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace upcycle
