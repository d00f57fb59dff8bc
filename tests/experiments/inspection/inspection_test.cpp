#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "experiments/conversion/conversion.h"
#include "experiments/inspection/expert_distance.h"
#include "experiments/inspection/tensor_statistics.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const auto kNobody = [](int64_t) {};

// A tensor in memory.
class OneTensor : public TensorSource {
 public:
  explicit OneTensor(std::vector<float> values)
      : values_(std::move(values)),
        entries_{{"x", SafetensorsType::kF32, {static_cast<int64_t>(values_.size())}}} {}
  const std::vector<SafetensorsEntry>& entries() const override { return entries_; }
  const SafetensorsEntry* Find(std::string_view) const override { return &entries_.front(); }
  void Read(std::string_view, int64_t begin, std::span<float> out) const override {
    std::copy_n(values_.begin() + begin, out.size(), out.begin());
  }
  std::span<const std::byte> Bytes(std::string_view, int64_t, int64_t) const override { return {}; }
  void Prefetch(std::string_view) const override {}
  void Release(std::string_view) const override {}

 private:
  std::vector<float> values_;
  std::vector<SafetensorsEntry> entries_;
};

TEST(TensorStatistics, AreOfTheNumbersThatAreFinite) {
  const TensorStatistics found =
      StatisticsOf(OneTensor({1, -3, 0, NAN, 4, INFINITY}), "x", kNobody);
  EXPECT_EQ(found.count, 6);
  EXPECT_EQ(found.finite, 4);
  EXPECT_EQ(found.zeros, 1);
  EXPECT_DOUBLE_EQ(found.Mean(), 0.5);
  EXPECT_DOUBLE_EQ(found.StandardDeviation(), std::sqrt(26.0 / 4 - 0.25));
  EXPECT_EQ(found.smallest, -3);
  EXPECT_EQ(found.largest, 4);
}

TEST(TensorStatistics, OfPiecesAreThoseOfTheWhole) {
  std::vector<float> values(5'000'000, 1);
  values.back() = -7;
  const TensorStatistics found = StatisticsOf(OneTensor(values), "x", kNobody);
  EXPECT_EQ(found.count, 5'000'000);
  EXPECT_EQ(found.smallest, -7);
  EXPECT_DOUBLE_EQ(found.sum, 4'999'999.0 - 7);
}

TEST(PatternOf, TakesNumbersBetweenDots) {
  EXPECT_EQ(PatternOf("model.layers.12.mlp.experts.7.w1.weight"),
            "model.layers.#.mlp.experts.#.w1.weight");
  EXPECT_EQ(PatternOf("transformer.h.0.ln_1.bias"), "transformer.h.#.ln_1.bias");
  EXPECT_EQ(PatternOf("7"), "#");
}

size_t TotalBytes(const SafetensorsReader& reader) {
  size_t bytes = 0;
  for (const SafetensorsEntry& entry : reader.entries()) bytes += reader.Bytes(entry.name).size();
  return bytes;
}

fs::path Upcycled(const fs::path& folder, UpcycleMethod method, int64_t granularity) {
  std::vector<std::unique_ptr<ModelSource>> sources;
  sources.push_back(std::make_unique<ModelSource>(fs::path(UPCYCLE_GOLDEN_MODELS) / "qwen2"));
  Mixture mixture;
  mixture.moe.expansion = 4;
  mixture.moe.granularity = granularity;
  mixture.upcycle.method = method;
  mixture.upcycle.ratio = 1;
  Conversion(sources, {.mixture = mixture}).Run(folder, kNobody);
  return folder;
}

TEST(ExpertDistances, AreNothingBetweenCopies) {
  const TemporaryFolder folder;
  const ModelSource source(Upcycled(folder / "copies", UpcycleMethod::kCopy, 1));
  const std::unique_ptr<Backend> backend = MakeCpuBackend(1);
  const auto layers = ExpertDistancesOf(source, *backend, kNobody);
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[1].layer, 1);
  EXPECT_EQ(layers[1].equal_pairs, 6);
  EXPECT_EQ(layers[1].mean_distance, 0);
  EXPECT_NEAR(layers[1].mean_cosine, 1, 1e-12);
}

// Of eight experts that are halves of one MLP, those of the same half are copies.
TEST(ExpertDistances, FindReplicasOfShards) {
  const TemporaryFolder folder;
  const ModelSource source(Upcycled(folder / "groups", UpcycleMethod::kVirtualGroups, 2));
  const std::unique_ptr<Backend> backend = MakeCpuBackend(1);
  const auto layers = ExpertDistancesOf(source, *backend, kNobody);
  EXPECT_EQ(layers[0].equal_pairs, 2 * 6);
  EXPECT_EQ(layers[0].nearest.distance, 0);
  EXPECT_GT(layers[0].farthest.distance, 1);
}

// Experts that are drawn anew have nothing to do with each other: √2, up to chance.
TEST(ExpertDistances, AreRootTwoBetweenStrangers) {
  const TemporaryFolder folder;
  const ModelSource source(Upcycled(folder / "drawn", UpcycleMethod::kDrop, 1));
  const std::unique_ptr<Backend> backend = MakeCpuBackend(1);
  const auto layers = ExpertDistancesOf(source, *backend, kNobody);
  EXPECT_EQ(layers[0].equal_pairs, 0);
  EXPECT_NEAR(layers[0].mean_distance, std::sqrt(2.0), 0.1);
  EXPECT_NEAR(layers[0].mean_cosine, 0, 0.1);
}

// What is no number is near nothing, and no copy.
TEST(ExpertDistances, AreNoneOfExpertsThatHoldNoNumbers) {
  const TemporaryFolder folder;
  const fs::path model = Upcycled(folder / "copies", UpcycleMethod::kCopy, 1);
  const fs::path file = model / "model.safetensors";
  std::string bytes = ReadTextFile(file);
  const SafetensorsReader reader(file);
  const std::span<const std::byte> up = reader.Bytes("model.layers.0.mlp.experts.2.up_proj.weight");
  const auto offset =
      static_cast<size_t>(up.data() - reader.Bytes(reader.entries()[0].name).data());
  const size_t data = bytes.size() - TotalBytes(reader);
  std::memset(bytes.data() + data + offset, 0xFF, sizeof(float));
  fs::remove(file);
  Put(file, bytes);
  const ModelSource source(model);
  const std::unique_ptr<Backend> backend = MakeCpuBackend(1);
  const ExpertDistances found = ExpertDistancesOf(source, *backend, kNobody)[0];
  EXPECT_EQ(found.equal_pairs, 3);  // of the three that are whole
  EXPECT_TRUE(std::isnan(found.mean_distance));
  EXPECT_TRUE(std::isnan(found.mean_cosine));
}

// In plain float64 from all of two experts' numbers.
TEST(ExpertDistances, AreThoseOfTheirWeightsAsOneVector) {
  const ModelSource source(fs::path(UPCYCLE_GOLDEN_MODELS) / "mixtral");
  const std::unique_ptr<Backend> backend = MakeCpuBackend(1);
  const ExpertDistances found = ExpertDistancesOf(source, *backend, kNobody)[0];
  std::vector<std::vector<float>> experts(4);
  for (int64_t expert = 0; expert < 4; ++expert) {
    for (const PartKind kind :
         {PartKind::kExpertGate, PartKind::kExpertUp, PartKind::kExpertDown}) {
      const Part part = {kind, 0, expert};
      std::vector<float> values(static_cast<size_t>(PartShape(part, source.architecture()).size()));
      source.ReadRows(part, 0, values);
      auto& all = experts[static_cast<size_t>(expert)];
      all.insert(all.end(), values.begin(), values.end());
    }
  }
  double squares = 0, apart = 0;
  for (const auto& expert : experts) {
    for (const float value : expert) squares += double{value} * double{value};
  }
  const auto& a = experts[static_cast<size_t>(found.nearest.first)];
  const auto& b = experts[static_cast<size_t>(found.nearest.second)];
  for (size_t i = 0; i < a.size(); ++i) {
    apart += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
  }
  EXPECT_NEAR(found.nearest.distance, std::sqrt(apart / (squares / 4)), 1e-5);
}

}  // namespace
}  // namespace upcycle
