#include "experiments/run/parent_cosine.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "core/tokenizers/byte_tokenizer.h"
#include "experiments/model/transformer.h"
#include "experiments/upcycling/upcycle.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

Architecture Target(int64_t granularity) {
  Architecture a;
  a.model.layers = 2;
  a.model.width = 8;
  a.model.heads = 2;
  a.model.kv_heads = 2;
  a.model.head_width = 4;
  a.model.ffn_width = 12;
  a.model.sequence_length = 8;
  a.vocabulary = ByteTokenizer().Vocabulary();
  a.has_experts = true;
  a.moe.expansion = 2;
  a.moe.granularity = granularity;
  a.moe.top_k = granularity;
  return a;
}

// A parent in a folder and a model upcycled from it; `change` sees every value of every expert.
class ParentCosinesTest : public testing::Test {
 protected:
  using Change = std::function<float(float value, const Part& part, size_t index)>;

  std::vector<double> CosinesOf(int64_t granularity, const UpcycleSettings& settings,
                                const Change& change) {
    const Architecture target = Target(granularity);
    fs::create_directories(folder_ / "tokenizer");
    ByteTokenizer().Save(folder_ / "tokenizer");
    fs::create_directories(folder_ / "parent");
    Transformer dense(*backend_, target.Dense(), {{1, 8, 1}, Purpose::kEvaluate});
    dense.parameters().Initialize(*backend_, 9);
    WriteModel(folder_ / "parent", dense.parameters(), *backend_, folder_ / "tokenizer",
               ByteTokenizer().EndOfText());
    const ModelFolder parent(folder_ / "parent");

    Transformer experts(*backend_, target, {{1, 8, 1}, Purpose::kEvaluate});
    const Upcycler upcycler(target, settings, 4);
    for (const auto& piece : experts.parameters().pieces()) {
      std::vector<float> values(static_cast<size_t>(piece.value.size()));
      upcycler.Fill(values, piece.part, [&](const Part& part) { return parent.Values(part); });
      if (piece.part.expert >= 0) {
        for (size_t i = 0; i < values.size(); ++i) values[i] = change(values[i], piece.part, i);
      }
      backend_->CopyFromHost(piece.value, ConstTensor(values.data(), piece.value.shape()));
    }
    return ParentCosines(experts.parameters(), *backend_, parent,
                         ExpertNeurons(target, settings, 4));
  }

  TemporaryFolder folder_;
  std::unique_ptr<Backend> backend_ = MakeCpuBackend(1);
};

constexpr UpcycleSettings kCopies = {UpcycleMethod::kCopy, WeightScaling::kPaper};
constexpr UpcycleSettings kShards = {UpcycleMethod::kVirtualGroups, WeightScaling::kPaper};
constexpr UpcycleSettings kSlices = {UpcycleMethod::kQwen, WeightScaling::kNone, /*ratio=*/0};
float Unchanged(float value, const Part&, size_t) { return value; }

TEST_F(ParentCosinesTest, AreOneAtTheStartOfEachLayer) {
  for (double cosine : CosinesOf(1, kCopies, Unchanged)) EXPECT_NEAR(cosine, 1, 1e-6);
  for (double cosine : CosinesOf(3, kSlices, Unchanged)) EXPECT_NEAR(cosine, 1, 1e-6);
  const std::vector<double> shards = CosinesOf(3, kShards, Unchanged);
  EXPECT_EQ(shards.size(), 2u);
  for (double cosine : shards) EXPECT_NEAR(cosine, 1, 1e-6);
}

TEST_F(ParentCosinesTest, AreMinusOneForTheOpposite) {
  const auto opposite = [](float value, const Part&, size_t) { return -2 * value; };
  for (double cosine : CosinesOf(3, kShards, opposite)) EXPECT_NEAR(cosine, -1, 1e-6);
}

TEST_F(ParentCosinesTest, MeanOverTheExpertsOfALayer) {
  // One of two experts of the second layer turns round: (1 - 1) / 2.
  const auto one_turned = [](float value, const Part& part, size_t) {
    return part.layer == 1 && part.expert == 1 ? -value : value;
  };
  const std::vector<double> cosines = CosinesOf(1, kCopies, one_turned);
  EXPECT_NEAR(cosines[0], 1, 1e-6);
  EXPECT_NEAR(cosines[1], 0, 1e-6);
}

TEST_F(ParentCosinesTest, TakeTheMatricesOfAnExpertAsOneVector) {
  // Without its down matrix an expert is left with the gate's and up's share of the length.
  const auto without_down = [](float value, const Part& part, size_t) {
    return part.kind == PartKind::kExpertDown ? 0 : value;
  };
  double kept = 0, all = 0;
  const auto weigh = [&](float value, const Part& part, size_t) {
    if (part.layer == 0 && part.expert == 0) {
      all += static_cast<double>(value) * value;
      if (part.kind != PartKind::kExpertDown) kept += static_cast<double>(value) * value;
    }
    return value;
  };
  CosinesOf(1, kCopies, weigh);
  EXPECT_NEAR(CosinesOf(1, kCopies, without_down)[0], std::sqrt(kept / all), 1e-6);
}

}  // namespace
}  // namespace upcycle
