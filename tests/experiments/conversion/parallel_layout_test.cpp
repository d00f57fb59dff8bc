#include "experiments/conversion/parallel_layout.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

Architecture SmallMixture() {
  Architecture a;
  a.model = {.family = Family::kQwen2,
             .layers = 5,
             .width = 8,
             .heads = 4,
             .kv_heads = 2,
             .ffn_width = 16,
             .tied_embeddings = false};
  a.moe.expansion = 2;
  a.moe.granularity = 2;
  a.moe.layers = {LayerSelection::Kind::kEveryOther, {}};
  a.has_experts = true;
  a.vocabulary = 11;
  return a;
}

// Every number of a model says where it is from.
float NumberAt(const Part& part, int64_t row, int64_t column) {
  return static_cast<float>(static_cast<int64_t>(part.kind) * 100000 + (part.layer + 1) * 10000 +
                            (part.expert + 1) * 1000 + row * 20 + column);
}

int64_t ColumnsOf(const Shape& shape) { return shape.rank() == 1 ? 1 : shape[1]; }

RowReader WholeOf(const Architecture& a) {
  return [a](const Part& part, int64_t begin, std::span<float> out) {
    const int64_t columns = ColumnsOf(PartShape(part, a));
    for (size_t i = 0; i < out.size(); ++i) {
      const auto place = static_cast<int64_t>(i);
      out[i] = NumberAt(part, begin + place / columns, place % columns);
    }
  };
}

std::vector<float> ReadPart(const RowReader& rows, const Part& part, const Architecture& sizes) {
  std::vector<float> values(static_cast<size_t>(PartShape(part, sizes).size()));
  rows(part, 0, values);
  return values;
}

// Where each number of a part is in the whole, over all ranks.
std::map<float, int> CountNumbers(const Architecture& a, const ParallelLayout& layout,
                                  PartKind kind) {
  std::map<float, int> counts;
  const RowReader whole = WholeOf(a);
  for (const ParallelRank& rank : RanksOf(layout)) {
    const RankShare share(a, layout, rank);
    const RowReader rows = share.Cut(whole);
    for (const Part& part : share.parts()) {
      if (part.kind != kind) continue;
      for (const float number : ReadPart(rows, part, share.sizes())) ++counts[number];
    }
  }
  return counts;
}

std::map<float, int> AllNumbers(const Architecture& a, PartKind kind, int times) {
  std::map<float, int> counts;
  const RowReader whole = WholeOf(a);
  for (const Part& part : ListParts(a)) {
    if (part.kind != kind) continue;
    for (const float number : ReadPart(whole, part, a)) counts[number] = times;
  }
  return counts;
}

TEST(ParallelLayout, HoldsEveryNumberThatIsCutOnce) {
  const Architecture a = SmallMixture();
  const ParallelLayout layout = {.tensor = 2, .expert = 2, .pipeline = 3};
  for (const PartKind kind : {PartKind::kExpertGate, PartKind::kExpertUp, PartKind::kExpertDown}) {
    EXPECT_EQ(CountNumbers(a, layout, kind), AllNumbers(a, kind, 1));
  }
}

TEST(ParallelLayout, HoldsWhatExpertsDoNotCutOnEveryRankOfExperts) {
  const Architecture a = SmallMixture();
  const ParallelLayout layout = {.tensor = 2, .expert = 2, .pipeline = 3};
  for (const PartKind kind :
       {PartKind::kQuery, PartKind::kKey, PartKind::kValueBias, PartKind::kOutput, PartKind::kGate,
        PartKind::kDown, PartKind::kEmbedding, PartKind::kHead}) {
    EXPECT_EQ(CountNumbers(a, layout, kind), AllNumbers(a, kind, 2));
  }
}

TEST(ParallelLayout, HoldsNormsAndRoutersOnEveryRankOfALayer) {
  const Architecture a = SmallMixture();
  const ParallelLayout layout = {.tensor = 2, .expert = 2, .pipeline = 3};
  for (const PartKind kind : {PartKind::kAttentionNorm, PartKind::kRouter, PartKind::kFinalNorm}) {
    EXPECT_EQ(CountNumbers(a, layout, kind), AllNumbers(a, kind, 4));
  }
}

TEST(ParallelLayout, GivesNeighboursTheSameKeysWhereThereAreFewerThanRanks) {
  const Architecture a = SmallMixture();
  const ParallelLayout layout = {.tensor = 4};
  EXPECT_EQ(CountNumbers(a, layout, PartKind::kKey), AllNumbers(a, PartKind::kKey, 2));
  const RankShare second(a, layout, {.tensor = 1}), third(a, layout, {.tensor = 2});
  EXPECT_EQ(second.SliceOf({PartKind::kKey, 0}).row, 0);
  EXPECT_EQ(third.SliceOf({PartKind::kKey, 0}).row, 2);
}

TEST(ParallelLayout, GivesTheFirstRanksOneLayerMoreWhereTheyDoNotDivide) {
  const Architecture a = SmallMixture();
  const ParallelLayout layout = {.tensor = 1, .expert = 1, .pipeline = 3};
  std::vector<std::set<int64_t>> layers(3);
  for (int64_t stage = 0; stage < 3; ++stage) {
    const RankShare share(a, layout, {0, 0, stage});
    for (const Part& part : share.parts()) {
      if (part.layer >= 0) layers[static_cast<size_t>(stage)].insert(part.layer);
    }
  }
  EXPECT_EQ(layers, (std::vector<std::set<int64_t>>{{0, 1}, {2, 3}, {4}}));
}

TEST(ParallelLayout, PutsTiedEmbeddingsOnTheFirstAndTheLastRank) {
  Architecture a = SmallMixture();
  a.model.tied_embeddings = true;
  const ParallelLayout layout = {.tensor = 1, .expert = 1, .pipeline = 3};
  EXPECT_EQ(CountNumbers(a, layout, PartKind::kEmbedding), AllNumbers(a, PartKind::kEmbedding, 2));
}

TEST(ParallelLayout, LeavesTheLastRankFewerRowsOfAVocabularyThatDoesNotDivide) {
  const Architecture a = SmallMixture();
  const ParallelLayout layout = {.tensor = 4};
  EXPECT_EQ(RankShare(a, layout, {.tensor = 0}).sizes().vocabulary, 3);
  EXPECT_EQ(RankShare(a, layout, {.tensor = 3}).sizes().vocabulary, 2);
}

// Of rows of 16 numbers, of which a rank has 8, a piece is a few rows.
TEST(ParallelLayout, CutsColumnsFromAnyRows) {
  const Architecture a = SmallMixture();
  const RowReader whole = WholeOf(a);
  const RankShare share(a, {.tensor = 2}, {.tensor = 1});
  const RowReader rows = share.Cut(whole);
  std::vector<float> some(2 * 8);
  rows({PartKind::kDown, 0}, 3, some);
  for (int64_t row = 0; row < 2; ++row) {
    for (int64_t column = 0; column < 8; ++column) {
      EXPECT_EQ(some[static_cast<size_t>(row * 8 + column)],
                NumberAt({PartKind::kDown, 0}, 3 + row, 8 + column));
    }
  }
}

TEST(ParallelLayout, IsReadFromWords) {
  EXPECT_EQ(ParseLayout("tp=2,ep=8,pp=4"), (ParallelLayout{2, 8, 4}));
  EXPECT_EQ(ParseLayout("pp=3"), (ParallelLayout{1, 1, 3}));
  EXPECT_EQ(ParseRank("ep=7", {2, 8, 4}), (ParallelRank{0, 7, 0}));
}

TEST(ParallelLayout, RefusesWhatIsNoLayout) {
  for (const char* text : {"tp", "tp=", "tp=0", "tp=-1", "tp=2,tp=2", "dp=2", "tp=2;ep=2", "tp=1e9",
                           "tp=99999999999999999999"}) {
    EXPECT_THROW(ParseLayout(text), Error) << text;
  }
  EXPECT_THROW(ParseRank("tp=2", {2, 1, 1}), Error);
}

std::string Refusal(const Architecture& a, const ParallelLayout& layout) {
  try {
    RequireShares(a, layout);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ParallelLayout, SaysWhatItCannotShareOut) {
  const Architecture a = SmallMixture();
  EXPECT_TRUE(Says(Refusal(a, {.tensor = 3}), "4 heads cannot be shared out evenly to tp=3"));
  EXPECT_TRUE(Says(Refusal(a, {.expert = 3}), "4 experts cannot be shared out evenly to ep=3"));
  EXPECT_TRUE(Says(Refusal(a, {.pipeline = 6}), "5 layers are fewer than pp=6"));
  EXPECT_TRUE(Says(Refusal(a.Dense(), {.expert = 2}), "a dense model has no experts"));
  Architecture narrow = a;
  narrow.moe.granularity = 16;
  EXPECT_TRUE(Says(Refusal(narrow, {.tensor = 2}), "1 neurons of an expert"));
}

}  // namespace
}  // namespace upcycle
