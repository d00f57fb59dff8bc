#include "experiments/conversion/conversion.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checkpoints/tensor_folder.h"
#include "core/error.h"
#include "core/random.h"
#include "experiments/formats/config_writer.h"
#include "experiments/formats/tensor_names.h"
#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

ModelSettings SmallModel() {
  return {.family = Family::kQwen2,
          .layers = 3,
          .width = 16,
          .heads = 4,
          .kv_heads = 2,
          .ffn_width = 24,
          .sequence_length = 32,
          .tied_embeddings = false,
          .vocabulary = 24};
}

// A dense model whose numbers depend on the seed.
void WriteDense(const fs::path& folder, uint64_t seed, ModelSettings model = SmallModel()) {
  const Architecture a = {model, {}, false, model.vocabulary};
  MakeDirectories(folder);
  WriteFileAtomically(folder / "config.json", ConfigJson(a, Format::kDense, "float32").dump());
  std::vector<SafetensorsEntry> entries;
  const StoredTensors tensors(a, Format::kDense);
  for (const StoredTensor& tensor : tensors.all()) {
    entries.push_back({tensor.name, SafetensorsType::kF32, tensor.FileShape()});
  }
  SafetensorsWriter writer(folder / "model.safetensors", entries);
  for (const SafetensorsEntry& entry : entries) {
    const RandomStream stream(seed, entry.name);
    std::vector<float> values(static_cast<size_t>(ElementsOf(entry)));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(stream.Normal(i));
    writer.Write(entry.name, std::as_bytes(std::span(values)));
  }
  writer.Commit();
}

ConversionSettings Upcycled(UpcycleMethod method = UpcycleMethod::kCopy) {
  Mixture mixture;
  mixture.moe.expansion = 4;
  mixture.moe.router.order = RoutingOrder::kTopkThenSoftmax;
  mixture.upcycle.method = method;
  return {.mixture = mixture};
}

using Observer = ConversionObserver;
const Observer kNobody = [](int64_t) {};

void Convert(const std::vector<fs::path>& from, const fs::path& to,
             const ConversionSettings& settings, const Observer& observe = kNobody) {
  std::vector<std::unique_ptr<ModelSource>> sources;
  for (const fs::path& path : from) sources.push_back(std::make_unique<ModelSource>(path));
  Conversion(sources, settings).Run(to, observe);
}

std::string RefusalOf(const std::vector<fs::path>& from, const fs::path& to,
                      const ConversionSettings& settings) {
  try {
    Convert(from, to, settings);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Every file of a folder, by its path in there.
std::map<std::string, std::string> FilesIn(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(folder).native()] = ReadTextFile(entry.path());
  }
  return files;
}

std::vector<float> ValuesOf(const TensorFolder& folder, const std::string& name) {
  std::vector<float> values(static_cast<size_t>(ElementsOf(*folder.Find(name))));
  folder.Read(name, 0, values);
  return values;
}

// Every tensor of a rank's share is a piece of the whole one.
void ExpectSlices(const TensorFolder& whole, const TensorFolder& share, const RankShare& cut) {
  EXPECT_EQ(share.entries().size(),
            StoredTensors(cut.sizes(), Format::kQwen2Moe, cut.parts()).all().size());
  for (const Part& part : cut.parts()) {
    const std::string name = StoredName(part, cut.sizes(), Format::kQwen2Moe);
    const std::vector<float> all = ValuesOf(whole, name), mine = ValuesOf(share, name);
    const RankShare::Slice slice = cut.SliceOf(part);
    const Shape shape = PartShape(part, cut.sizes());
    const int64_t columns = shape.rank() == 1 ? 1 : shape[1];
    for (size_t i = 0; i < mine.size(); ++i) {
      const int64_t row = slice.row + static_cast<int64_t>(i) / columns;
      const int64_t column = slice.column + static_cast<int64_t>(i) % columns;
      ASSERT_EQ(mine[i], all[static_cast<size_t>(row * slice.columns + column)]) << name;
    }
  }
}

// Of a model's weights.
fs::path FirstFileIn(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().native().starts_with("model-00001-of-")) return entry.path();
  }
  ADD_FAILURE() << folder << " has none of the model's files";
  return {};
}

std::string Named(const char* what, UpcycleMethod method) {
  return what + std::string(NameOf(method));
}

class ConversionTest : public testing::Test {
 protected:
  ConversionTest() { WriteDense(dense_, 1); }

  // After some files.
  void BreakOff(const ConversionSettings& settings) {
    const auto stop = [](int64_t done) {
      if (done > 20000) throw std::runtime_error("stopped");
    };
    EXPECT_THROW(Convert({dense_}, output_, settings, stop), std::runtime_error);
  }

  TemporaryFolder temporary_;
  fs::path dense_ = temporary_ / "dense";
  fs::path output_ = temporary_ / "out";
};

TEST_F(ConversionTest, SpreadsAModelOverFilesOfTheSizeThatIsAskedFor) {
  ConversionSettings settings = Upcycled();
  Convert({dense_}, output_, settings);
  settings.shard_bytes = 8000;
  Convert({dense_}, temporary_ / "many", settings);
  const TensorFolder one(output_), many(temporary_ / "many");
  EXPECT_EQ(one.files().size(), 1u);
  EXPECT_GT(many.files().size(), 5u);
  ASSERT_EQ(one.entries().size(), many.entries().size());
  for (const SafetensorsEntry& entry : one.entries()) {
    EXPECT_EQ(ValuesOf(one, entry.name), ValuesOf(many, entry.name)) << entry.name;
  }
}

TEST_F(ConversionTest, GoesOnWithTheFilesThatAreThere) {
  ConversionSettings settings = Upcycled();
  settings.shard_bytes = 8000;
  Convert({dense_}, temporary_ / "undisturbed", settings);

  BreakOff(settings);
  EXPECT_FALSE(fs::exists(output_));
  const fs::path first = FirstFileIn(output_.native() + ".unfinished");
  const auto written = fs::last_write_time(first);

  Convert({dense_}, output_, settings);
  EXPECT_EQ(fs::last_write_time(output_ / first.filename()), written);
  EXPECT_EQ(FilesIn(output_), FilesIn(temporary_ / "undisturbed"));
  EXPECT_FALSE(fs::exists(output_.native() + ".unfinished"));
}

TEST_F(ConversionTest, WritesAFileAgainThatIsNotWhatItShouldBe) {
  ConversionSettings settings = Upcycled();
  settings.shard_bytes = 8000;
  Convert({dense_}, temporary_ / "undisturbed", settings);
  BreakOff(settings);
  fs::resize_file(FirstFileIn(output_.native() + ".unfinished"), 100);
  Convert({dense_}, output_, settings);
  EXPECT_EQ(FilesIn(output_), FilesIn(temporary_ / "undisturbed"));
}

TEST_F(ConversionTest, DoesNotGoOnWithAnother) {
  const auto stop = [](int64_t) { throw std::runtime_error("stopped"); };
  EXPECT_THROW(Convert({dense_}, output_, Upcycled(), stop), std::runtime_error);
  ConversionSettings other = Upcycled();
  other.seed = 1;
  EXPECT_TRUE(Says(RefusalOf({dense_}, output_, other), "the beginning of another conversion"));
}

// The first rank has a folder of the same name in both.
TEST_F(ConversionTest, DoesNotGoOnWithTheShareOfAnotherLayout) {
  const auto stop = [](int64_t) { throw std::runtime_error("stopped"); };
  const ConversionSettings half = {.layout = ParallelLayout{.pipeline = 2}, .rank = ParallelRank{}};
  ConversionSettings third = half;
  third.layout->pipeline = 3;
  EXPECT_THROW(Convert({dense_}, output_, half, stop), std::runtime_error);
  EXPECT_TRUE(Says(RefusalOf({dense_}, output_, third), "the beginning of another conversion"));
}

TEST_F(ConversionTest, WritesNothingOfAModelThatIsChangedMeanwhile) {
  const auto change = [&](int64_t) {
    fs::last_write_time(dense_ / "config.json", fs::file_time_type::clock::now());
  };
  EXPECT_TRUE(Says(MessageOf([&] { Convert({dense_}, output_, {}, change); }), "was changed"));
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(ConversionTest, MakesNoNumberInfinite) {
  std::fstream file(dense_ / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  const float large = 65520;
  file.seekp(-4, std::ios::end);
  file.write(reinterpret_cast<const char*>(&large), sizeof large);
  file.close();
  EXPECT_TRUE(Says(RefusalOf({dense_}, output_, {.type = SafetensorsType::kF16}),
                   "holds the number 65520, which is beyond float16"));
}

TEST_F(ConversionTest, RefusesLayoutsBeforeListingTheirRanks) {
  const ParallelLayout layout = {65536, 65536, 65536};
  EXPECT_TRUE(Says(RefusalOf({dense_}, output_, {.layout = layout}), "ranks are more than"));
}

TEST_F(ConversionTest, RefusesMixturesBeforeListingTheirExperts) {
  ConversionSettings settings = Upcycled();
  settings.mixture->moe.expansion = 1 << 20;
  EXPECT_TRUE(Says(RefusalOf({dense_}, output_, settings), "1048576 · 1 experts"));
}

TEST_F(ConversionTest, ReplacesNothing) {
  MakeDirectories(output_);
  EXPECT_TRUE(Says(RefusalOf({dense_}, output_, {}), "exists already"));
}

// Whatever a rank makes by itself from the dense files is what the whole has there.
TEST_F(ConversionTest, MakesARanksShareByItselfAsInTheWhole) {
  for (const UpcycleMethod method : {UpcycleMethod::kCopy, UpcycleMethod::kDrop}) {
    const fs::path whole = temporary_ / Named("whole", method);
    const fs::path ranks = temporary_ / Named("ranks", method);
    ConversionSettings settings = Upcycled(method);
    Convert({dense_}, whole, settings);
    settings.layout = ParallelLayout{.tensor = 2, .expert = 2, .pipeline = 2};
    Convert({dense_}, ranks, settings);
    const Architecture target = ModelSource(whole).architecture();
    const TensorFolder all(whole);
    for (const ParallelRank& rank : RanksOf(*settings.layout)) {
      ConversionSettings alone = settings;
      alone.rank = rank;
      const fs::path own = temporary_ / Named("own", method) / NameOf(rank);
      MakeDirectories(own.parent_path());
      Convert({dense_}, own, alone);
      EXPECT_EQ(FilesIn(own / NameOf(rank)), FilesIn(ranks / NameOf(rank)));
      ExpectSlices(all, TensorFolder(ranks / NameOf(rank)), {target, *settings.layout, rank});
    }
  }
}

TEST_F(ConversionTest, MixesBranches) {
  const fs::path other = temporary_ / "other";
  WriteDense(other, 2);
  Convert({dense_, other}, output_, Upcycled(UpcycleMethod::kBranchTrainMix));
  const TensorFolder first(dense_), second(other), mixed(output_);
  const std::string up = "model.layers.1.mlp.up_proj.weight";
  EXPECT_EQ(ValuesOf(mixed, "model.layers.1.mlp.experts.0.up_proj.weight"), ValuesOf(first, up));
  EXPECT_EQ(ValuesOf(mixed, "model.layers.1.mlp.experts.3.up_proj.weight"), ValuesOf(second, up));
  const std::string query = "model.layers.1.self_attn.q_proj.weight";
  const std::vector<float> a = ValuesOf(first, query), b = ValuesOf(second, query);
  const std::vector<float> mean = ValuesOf(mixed, query);
  for (size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(mean[i], (a[i] + b[i]) / 2, 1e-6);
}

TEST_F(ConversionTest, MixesBranchesOfOneSizeOnly) {
  ModelSettings wider = SmallModel();
  wider.ffn_width = 32;
  WriteDense(temporary_ / "wider", 2, wider);
  EXPECT_TRUE(Says(
      RefusalOf({dense_, temporary_ / "wider"}, output_, Upcycled(UpcycleMethod::kBranchTrainMix)),
      "different sizes or families"));
}

TEST_F(ConversionTest, MakesNoExpertsOfExperts) {
  Convert({dense_}, output_, Upcycled());
  EXPECT_TRUE(Says(RefusalOf({output_}, temporary_ / "again", Upcycled()), "has experts already"));
}

TEST_F(ConversionTest, SaysWhyNoClassComputesAMixture) {
  ConversionSettings settings = Upcycled();
  settings.mixture->moe.router.score = RouterScore::kSigmoid;
  const std::string refusal = RefusalOf({dense_}, output_, settings);
  EXPECT_TRUE(Says(refusal, "no class of Hugging Face transformers computes this model"));
  EXPECT_TRUE(Says(refusal, "qwen2_moe: its router's scores are sigmoids"));
}

TEST_F(ConversionTest, CarriesWhatBelongsToTheModel) {
  WriteFileAtomically(dense_ / "tokenizer.json", "{\"not\": \"read\"}");
  WriteFileAtomically(dense_ / "generation_config.json", "{}\n");
  WriteFileAtomically(dense_ / "LICENSE.txt", "free");
  WriteFileAtomically(dense_ / "training_args.bin", "not carried");
  Convert({dense_}, output_, Upcycled());
  EXPECT_EQ(ReadTextFile(output_ / "tokenizer.json"), "{\"not\": \"read\"}");
  EXPECT_EQ(ReadTextFile(output_ / "generation_config.json"), "{}\n");
  EXPECT_EQ(ReadTextFile(output_ / "LICENSE.txt"), "free");
  EXPECT_FALSE(fs::exists(output_ / "training_args.bin"));
}

TEST_F(ConversionTest, CarriesTheTokenizerThatIsNamed) {
  const fs::path named = temporary_ / "pieces.bin";
  fs::copy_file(fs::path(UPCYCLE_GOLDEN_TOKENIZERS) / "llama2c" / "tokenizer.bin", named);
  ConversionSettings settings;
  settings.tokenizer = named;
  Convert({dense_}, output_, settings);
  EXPECT_EQ(ReadTextFile(output_ / "tokenizer.bin"), ReadTextFile(named));
}

TEST_F(ConversionTest, RoundsToTheTypeThatIsAskedFor) {
  Convert({dense_}, output_, {.type = SafetensorsType::kBF16});
  const TensorFolder before(dense_), after(output_);
  const std::string name = "lm_head.weight";
  EXPECT_EQ(after.Find(name)->type, SafetensorsType::kBF16);
  const std::vector<float> exact = ValuesOf(before, name), rounded = ValuesOf(after, name);
  for (size_t i = 0; i < exact.size(); ++i) {
    EXPECT_NEAR(rounded[i], exact[i], std::abs(exact[i]) / 256);
  }
}

// Llama-3-8B's shapes (Vavre 2024, table 1): 47.49 billion parameters of which a token meets 13.67.
TEST(ConversionPlan, NeedsNoWeights) {
  ModelSettings model;
  BecomeKnownModel(model, KnownModel::kLlama3_8b);
  const Architecture dense = {model, {}, false, model.vocabulary};
  ConversionSettings settings = Upcycled();
  settings.mixture->moe.expansion = 8;
  const ConversionPlan plan = PlanConversion(dense, SafetensorsType::kBF16, settings);
  EXPECT_EQ(plan.format, Format::kMixtral);
  // 8 · 3 · 4096 · 14336 a layer for experts, 8 · 4096 for the router, 2 · 4096² + 2 · 4096 · 1024
  // for attention, and 2 · 4096 for norms.
  const int64_t layer =
      8 * 3 * 4096LL * 14336 + 8 * 4096 + 2 * 4096 * 4096 + 2 * 4096 * 1024 + 8192;
  EXPECT_EQ(plan.Bytes(), 2 * (32 * layer + 2 * 128256LL * 4096 + 4096));
  EXPECT_EQ(plan.Files(), 20);
  for (const Shard& shard : plan.folders.front().shards) EXPECT_LE(shard.bytes, kUsualShardBytes);
}

}  // namespace
}  // namespace upcycle
