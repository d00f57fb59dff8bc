#include "experiments/upcycling/expert_neurons.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "core/error.h"

namespace upcycle {
namespace {

using Neurons = std::vector<int64_t>;

Architecture Target(int64_t expansion, int64_t granularity) {
  Architecture a;
  a.model.ffn_width = 24;
  a.has_experts = true;
  a.moe.expansion = expansion;
  a.moe.granularity = granularity;
  return a;
}

ExpertNeurons Of(UpcycleMethod method, int64_t expansion, int64_t granularity, double ratio = 0.5,
                 uint64_t seed = 1) {
  UpcycleSettings settings;
  settings.method = method;
  settings.ratio = ratio;
  return ExpertNeurons(Target(expansion, granularity), settings, seed);
}

Neurons Range(int64_t begin, int64_t end) {
  Neurons range(static_cast<size_t>(end - begin));
  std::iota(range.begin(), range.end(), begin);
  return range;
}

// What the experts [first, first + count) of a layer take together, in ascending order.
Neurons Together(const ExpertNeurons& neurons, int64_t layer, int64_t first, int64_t count) {
  Neurons all;
  for (int64_t expert = first; expert < first + count; ++expert) {
    const Neurons taken = neurons.Taken(layer, expert);
    all.insert(all.end(), taken.begin(), taken.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST(ExpertNeurons, OfCopiesAndBranchesAreAll) {
  for (UpcycleMethod method : {UpcycleMethod::kCopy, UpcycleMethod::kBranchTrainMix}) {
    EXPECT_EQ(Of(method, 4, 1).Taken(1, 3), Range(0, 24));
  }
}

TEST(ExpertNeurons, OfVirtualGroupsAreShardsInOrder) {
  for (UpcycleMethod method :
       {UpcycleMethod::kVirtualGroups, UpcycleMethod::kDrop, UpcycleMethod::kNoise}) {
    const ExpertNeurons neurons = Of(method, 2, 4);
    EXPECT_EQ(neurons.Taken(0, 1), Range(6, 12));
    EXPECT_EQ(neurons.Taken(0, 5), Range(6, 12));
  }
}

TEST(ExpertNeurons, OfAQwenReplicaAreTheWholeMlpInAnOrderOfItsOwn) {
  const ExpertNeurons neurons = Of(UpcycleMethod::kQwen, 3, 4);
  for (int64_t replica = 0; replica < 3; ++replica) {
    EXPECT_EQ(Together(neurons, 0, 4 * replica, 4), Range(0, 24)) << replica;
  }
  EXPECT_NE(neurons.Taken(0, 0), Range(0, 6));
  EXPECT_NE(neurons.Taken(0, 0), neurons.Taken(0, 4));
  EXPECT_NE(neurons.Taken(0, 0), neurons.Taken(1, 0));
  EXPECT_NE(neurons.Taken(0, 0), Of(UpcycleMethod::kQwen, 3, 4, 0.5, 2).Taken(0, 0));
}

TEST(ExpertNeurons, OfASplitAreEachOnceOverAllExperts) {
  const ExpertNeurons neurons = Of(UpcycleMethod::kSplit, 1, 8);
  EXPECT_EQ(Together(neurons, 0, 0, 8), Range(0, 24));
  EXPECT_NE(neurons.Taken(0, 0), Range(0, 3));
  EXPECT_NE(neurons.Taken(0, 0), neurons.Taken(1, 0));
}

TEST(ExpertNeurons, RefuseToCutWhatCannotBeCut) {
  EXPECT_THROW(Of(UpcycleMethod::kSplit, 2, 8), Error);
  EXPECT_THROW(Of(UpcycleMethod::kCopy, 2, 8), Error);
  EXPECT_THROW(Of(UpcycleMethod::kBranchTrainMix, 2, 8), Error);
  EXPECT_THROW(Of(UpcycleMethod::kScratch, 2, 1), Error);
}

TEST(ChangedNeurons, AreTheRoundedShareOfAnExpert) {
  for (auto [ratio, count] : {std::pair{0.0, 0u}, {0.1, 1u}, {0.5, 6u}, {0.99, 12u}, {1.0, 12u}}) {
    const Neurons changed = Of(UpcycleMethod::kDrop, 4, 2, ratio).Changed(0, 3);
    EXPECT_EQ(changed.size(), count) << ratio;
    EXPECT_TRUE(std::is_sorted(changed.begin(), changed.end()));
    EXPECT_EQ(std::adjacent_find(changed.begin(), changed.end()), changed.end());
    if (!changed.empty()) {
      EXPECT_GE(changed.front(), 0);
      EXPECT_LT(changed.back(), 12);
    }
  }
}

TEST(ChangedNeurons, AreDrawnForEachExpertLayerAndSeed) {
  const ExpertNeurons neurons = Of(UpcycleMethod::kDrop, 4, 1);
  EXPECT_EQ(neurons.Changed(0, 0), neurons.Changed(0, 0));
  EXPECT_NE(neurons.Changed(0, 0), neurons.Changed(0, 1));
  EXPECT_NE(neurons.Changed(0, 0), neurons.Changed(1, 0));
  EXPECT_NE(neurons.Changed(0, 0), Of(UpcycleMethod::kDrop, 4, 1, 0.5, 2).Changed(0, 0));
}

TEST(ChangedNeurons, AreNoneForMethodsThatChangeNothing) {
  for (UpcycleMethod method : {UpcycleMethod::kCopy, UpcycleMethod::kBranchTrainMix}) {
    EXPECT_TRUE(Of(method, 4, 1).Changed(0, 0).empty());
  }
  EXPECT_TRUE(Of(UpcycleMethod::kVirtualGroups, 4, 2).Changed(0, 0).empty());
  EXPECT_TRUE(Of(UpcycleMethod::kSplit, 1, 2).Changed(0, 0).empty());
}

TEST(TakeNeurons, TakesRowsOfUpAndColumnsOfDown) {
  const Neurons neurons = {3, 0, 1};
  const std::vector<float> up = {0, 1, 10, 11, 20, 21, 30, 31};  // [4, 2]
  std::vector<float> out(6);
  TakeNeurons(out, up, PartKind::kUp, 2, neurons);
  EXPECT_EQ(out, (std::vector<float>{30, 31, 0, 1, 10, 11}));
  const std::vector<float> down = {0, 1, 2, 3, 10, 11, 12, 13};  // [2, 4]
  TakeNeurons(out, down, PartKind::kDown, 2, neurons);
  EXPECT_EQ(out, (std::vector<float>{3, 0, 1, 13, 10, 11}));
}

}  // namespace
}  // namespace upcycle
