// What defines each method: what it keeps of the parent, what it changes, and what the model then
// computes.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "experiments/upcycling/upcycle.h"
#include "tests/experiments/upcycling/upcycle_fixture.h"

namespace upcycle {
namespace {

using enum RoutingOrder;
using enum UpcycleMethod;

constexpr Family kFamilies[] = {Family::kLlama, Family::kNemotron};

UpcycleSettings With(UpcycleMethod method, double ratio = 0.5,
                     WeightScaling scaling = WeightScaling::kNone) {
  UpcycleSettings settings;
  settings.method = method;
  settings.scaling = scaling;
  settings.ratio = ratio;
  settings.noise_std = 0.3;
  return settings;
}

std::vector<PartKind> MatricesOf(const Architecture& target) {
  if (!target.Gated()) return {PartKind::kExpertUp, PartKind::kExpertDown};
  return {PartKind::kExpertGate, PartKind::kExpertUp, PartKind::kExpertDown};
}

// An expert beside the neurons of the parent that it was made from.
class MadeExpert {
 public:
  MadeExpert(const Architecture& target, const UpcycleSettings& settings, int64_t expert)
      : target_(target), settings_(settings), expert_(expert), parent_(target) {}

  // The places whose values in one matrix are all other than the parent's. Fails where a neuron is
  // changed in part.
  std::set<int64_t> ChangedIn(PartKind kind) const {
    const int64_t width = target_.model.width, hidden = target_.ExpertWidth();
    const std::vector<float> made =
        Upcycled(target_, settings_, {kind, 1, expert_}, [&](const Part& p) { return parent_(p); });
    std::vector<float> taken(made.size());
    TakeNeurons(taken, parent_({DenseKindOf(kind), 1}), DenseKindOf(kind), width,
                ExpertNeurons(target_, settings_, 3).Taken(1, expert_));
    std::set<int64_t> changed;
    for (int64_t neuron = 0; neuron < hidden; ++neuron) {
      int64_t equal = 0;
      for (int64_t i = 0; i < width; ++i) {
        const auto at = static_cast<size_t>(kind == PartKind::kExpertDown ? i * hidden + neuron
                                                                          : neuron * width + i);
        equal += made[at] == taken[at];
      }
      EXPECT_TRUE(equal == 0 || equal == width) << "neuron " << neuron;
      if (equal == 0) changed.insert(neuron);
    }
    return changed;
  }

 private:
  Architecture target_;
  UpcycleSettings settings_;
  int64_t expert_;
  Parent parent_;
};

TEST(ChangingMethods, ChangeOneSetOfNeuronsInAllMatricesAndLeaveTheRestEqual) {
  for (Family family : kFamilies) {
    for (auto [expansion, granularity] : {std::pair<int64_t, int64_t>{4, 1}, {2, 4}}) {
      const Architecture target = Target(family, expansion, granularity, 4, kTopkThenSoftmax);
      for (UpcycleMethod method : {kDrop, kNoise, kQwen}) {
        const MadeExpert expert(target, With(method, 0.25), 3);
        const std::set<int64_t> changed = expert.ChangedIn(PartKind::kExpertUp);
        EXPECT_EQ(static_cast<int64_t>(changed.size()), target.ExpertWidth() / 4);
        for (PartKind kind : MatricesOf(target)) EXPECT_EQ(expert.ChangedIn(kind), changed);
      }
    }
  }
}

TEST(ChangingMethods, ChangeOtherNeuronsInEachExpert) {
  const Architecture target = Target(Family::kLlama, 4, 1, 2, kTopkThenSoftmax);
  for (UpcycleMethod method : {kDrop, kNoise, kQwen}) {
    const MadeExpert one(target, With(method), 0), other(target, With(method), 1);
    EXPECT_NE(one.ChangedIn(PartKind::kExpertUp), other.ChangedIn(PartKind::kExpertUp));
  }
}

TEST(ChangingMethods, AreTheMethodTheyChangeWhereTheyChangeNothing) {
  for (UpcycleMethod method : {kDrop, kNoise}) {
    for (auto [granularity, unchanged] :
         {std::pair<int64_t, UpcycleMethod>{1, kCopy}, {4, kVirtualGroups}}) {
      const Architecture target = Target(Family::kLlama, 4, granularity, 4, kTopkThenSoftmax);
      const Parent parent(target);
      for (const Part& part : ListParts(target)) {
        const ParentReader reader = [&](const Part& p) { return parent(p); };
        EXPECT_EQ(Upcycled(target, With(method, 0), part, reader),
                  Upcycled(target, With(unchanged), part, reader))
            << PartName(part, target);
      }
    }
  }
}

TEST(ChangingMethods, ChangeWhatTheModelComputes) {
  const Architecture target = Target(Family::kLlama, 4, 1, 2, kTopkThenSoftmax);
  for (UpcycleMethod method : {kDrop, kNoise, kQwen}) {
    EXPECT_LE(LogitError(target, With(method, 0)), 1e-5) << NameOf(method);
    EXPECT_GT(LogitError(target, With(method, 0.5)), 0.02) << NameOf(method);
  }
}

// All slices of all replicas, each weighted 1/(E·G), are 1/G of the dense MLP.
TEST(QwenReplicas, ComputeWhatTheParentComputesBeforeNeuronsAreMadeFresh) {
  for (Family family : kFamilies) {
    for (RoutingOrder order : {kSoftmaxThenTopk, kTopkThenSoftmax}) {
      Architecture target = Target(family, 2, 4, 8, order);
      target.moe.router.init_std = 0;
      EXPECT_LE(LogitError(target, With(kQwen, 0, WeightScaling::kExact)), 1e-5);
      EXPECT_GT(LogitError(target, With(kQwen, 0.5, WeightScaling::kExact)), 0.02);
    }
  }
}

TEST(Split, ComputesWhatTheParentComputesWhereEveryExpertServesEveryToken) {
  for (Family family : kFamilies) {
    for (RoutingOrder order : {kSoftmaxThenTopk, kTopkThenSoftmax}) {
      Architecture target = Target(family, 1, 8, 8, order);
      target.moe.router.init_std = 0;
      EXPECT_LE(LogitError(target, With(kSplit, 0, WeightScaling::kExact)), 1e-5);
      target.moe.top_k = 4;
      EXPECT_GT(LogitError(target, With(kSplit, 0, WeightScaling::kExact)), 0.02);
    }
  }
}

TEST(Split, MultipliesTheOutputAsThePaperDoes) {
  const Architecture target = Target(Family::kLlama, 1, 8, 2, kTopkThenSoftmax);
  const Parent parent(target);
  const ParentReader reader = [&](const Part& part) { return parent(part); };
  for (PartKind kind : MatricesOf(target)) {
    const auto plain = Upcycled(target, With(kSplit), {kind, 0, 5}, reader);
    auto scaled = Upcycled(target, With(kSplit, 0, WeightScaling::kPaper), {kind, 0, 5}, reader);
    for (float& value : scaled) value /= kind == PartKind::kExpertDown ? 4 : 1;
    EXPECT_EQ(scaled, plain);
  }
}

TEST(SharedExpert, IsTheDenseMlp) {
  for (Family family : kFamilies) {
    Architecture target = Target(family, 4, 1, 2, kTopkThenSoftmax);
    target.moe.shared_expert = SharedExpert::kGated;
    const Parent parent(target);
    const ParentReader reader = [&](const Part& part) { return parent(part); };
    for (PartKind kind : {PartKind::kSharedGate, PartKind::kSharedUp, PartKind::kSharedDown}) {
      if (kind == PartKind::kSharedGate && !target.Gated()) continue;
      const auto dense = parent({DenseKindOf(kind), 1});
      EXPECT_EQ(Upcycled(target, With(kCopy), {kind, 1}, reader),
                std::vector<float>(dense.begin(), dense.end()));
    }
    const auto gate = Upcycled(target, With(kCopy), {PartKind::kSharedWeight, 1}, reader);
    EXPECT_EQ(gate, std::vector<float>(32, 0.0f));
  }
}

TEST(SharedExpert, LeavesTheFunctionAsItWasWithExactScaling) {
  for (Family family : kFamilies) {
    for (RoutingOrder order : {kSoftmaxThenTopk, kTopkThenSoftmax}) {
      for (SharedExpert shared : {SharedExpert::kPlain, SharedExpert::kGated}) {
        Architecture target = Target(family, 4, 4, 4, order);
        target.moe.router.init_std = 0;
        target.moe.shared_expert = shared;
        EXPECT_LE(LogitError(target, With(kVirtualGroups, 0, WeightScaling::kExact)), 1e-5);
        EXPECT_GT(LogitError(target, With(kVirtualGroups)), 0.02);
      }
    }
  }
}

TEST(ExactScaling, MakesUpForSigmoidsThatAreNotDivided) {
  for (Family family : kFamilies) {
    Architecture target = Target(family, 4, 2, 2, kSoftmaxThenTopk);
    target.moe.router.init_std = 0;
    target.moe.router.score = RouterScore::kSigmoid;
    EXPECT_LE(LogitError(target, With(kVirtualGroups, 0, WeightScaling::kExact)), 1e-5);
    EXPECT_GT(LogitError(target, With(kVirtualGroups)), 0.02);
  }
}

// Every expert takes every token: E·G of them, each weighing 1/(E·G).
TEST(ExactScaling, MakesUpForExpertsThatChoose) {
  for (Family family : kFamilies) {
    Architecture target = Target(family, 2, 2, 2, kSoftmaxThenTopk);
    target.moe.router.init_std = 0;
    target.moe.router.choice = RouterChoice::kExpertChoice;
    target.moe.capacity_factor = {2.0};
    EXPECT_LE(LogitError(target, With(kVirtualGroups, 0, WeightScaling::kExact)), 1e-5);
    EXPECT_GT(LogitError(target, With(kVirtualGroups)), 0.02);
  }
}

TEST(Routers, HaveARowForEachExpertUnlessExpertsAreVirtualGroups) {
  for (UpcycleMethod method : {kVirtualGroups, kDrop, kNoise, kQwen, kSplit}) {
    const int64_t expansion = method == kSplit ? 1 : 2;
    const Architecture target = Target(Family::kLlama, expansion, 4, 4, kTopkThenSoftmax);
    const auto router = Upcycled(target, With(method), {PartKind::kRouter, 1}, nullptr);
    std::set<std::vector<float>> rows;
    for (auto row = router.begin(); row != router.end(); row += target.model.width) {
      rows.emplace(row, row + target.model.width);
    }
    const int64_t groups = MakesVirtualGroups(method) ? expansion : expansion * 4;
    EXPECT_EQ(static_cast<int64_t>(rows.size()), groups) << NameOf(method);
  }
}

TEST(Routers, BeginWithoutNoiseAndBias) {
  Architecture target = Target(Family::kLlama, 4, 1, 2, kSoftmaxThenTopk);
  target.moe.router.noise = true;
  target.moe.router.bias_rate = 0.01;
  for (PartKind kind : {PartKind::kRouterNoise, PartKind::kRouterBias}) {
    for (float value : Upcycled(target, With(kCopy), {kind, 1}, nullptr)) EXPECT_EQ(value, 0);
  }
}

class BranchTrainMix : public testing::TestWithParam<Family> {
 protected:
  BranchTrainMix() : target_(Target(GetParam(), 4, 1, 2, kTopkThenSoftmax)) {
    target_.moe.layers.kind = LayerSelection::Kind::kEveryOther;  // layer 0 stays dense
    for (uint64_t seed : {11, 12, 13}) branches_.emplace_back(target_, seed);
  }

  std::vector<float> Mixed(const Part& part) const {
    std::vector<ParentReader> readers;
    for (const Parent& branch : branches_) {
      readers.push_back([&](const Part& p) { return branch(p); });
    }
    std::vector<float> values(static_cast<size_t>(PartShape(part, target_).size()));
    Upcycler(target_, With(kBranchTrainMix), 3).Fill(values, part, readers);
    return values;
  }

  Architecture target_;
  std::vector<Parent> branches_;
};

TEST_P(BranchTrainMix, GivesExpertIBranchIModBranches) {
  for (PartKind kind : MatricesOf(target_)) {
    for (size_t expert = 0; expert < 4; ++expert) {
      const auto branch = branches_[expert % 3]({DenseKindOf(kind), 1});
      EXPECT_EQ(Mixed({kind, 1, static_cast<int64_t>(expert)}),
                std::vector<float>(branch.begin(), branch.end()));
    }
  }
}

TEST_P(BranchTrainMix, TakesTheMeanOfEverythingElse) {
  for (const Part& part : ListParts(target_)) {
    if (part.expert >= 0 || part.kind == PartKind::kRouter) continue;
    const std::vector<float> mixed = Mixed(part);
    for (size_t i = 0; i < mixed.size(); ++i) {
      const double mean = (double{branches_[0](part)[i]} + double{branches_[1](part)[i]} +
                           double{branches_[2](part)[i]}) /
                          3;
      ASSERT_EQ(mixed[i], static_cast<float>(mean)) << PartName(part, target_);
    }
  }
}

TEST_P(BranchTrainMix, OfEqualBranchesIsACopy) {
  branches_ = {Parent(target_), Parent(target_), Parent(target_)};
  for (const Part& part : ListParts(target_)) {
    EXPECT_EQ(Mixed(part),
              Upcycled(target_, With(kCopy), part, [&](const Part& p) { return branches_[0](p); }))
        << PartName(part, target_);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, BranchTrainMix, testing::ValuesIn(kFamilies),
                         [](const auto& each) { return std::string(NameOf(each.param)); });

// What a rank of a parallel layout makes of its own rows is what the whole has there.
TEST(UpcycledPart, IsTheSameHoweverItsRowsAreCut) {
  for (const auto& method : EnumNames<UpcycleMethod>::values) {
    if (method.value == kNone || method.value == kScratch) continue;
    const bool is_whole = MakesWholeExperts(method.value);
    const bool is_split = method.value == kSplit;
    const Architecture target = Target(Family::kLlama, is_split ? 1 : 4,
                                       is_split ? 4 : (is_whole ? 1 : 2), 2, kSoftmaxThenTopk);
    const Parent parent(target);
    const ParentReader reader = [&](const Part& part) { return parent(part); };
    const RowReader by_rows = [&](const Part& part, int64_t begin, std::span<float> out) {
      const Shape shape = PartShape(part, target);
      const auto columns = static_cast<size_t>(shape.rank() > 1 ? shape[1] : 1);
      const auto rows = parent(part).subspan(static_cast<size_t>(begin) * columns, out.size());
      std::copy(rows.begin(), rows.end(), out.begin());
    };
    UpcycleSettings settings = With(method.value);
    settings.scaling = WeightScaling::kExact;
    const Upcycler upcycler(target, settings, 3);
    for (const Part& part : ListParts(target)) {
      const Shape shape = PartShape(part, target);
      std::vector<float> whole(static_cast<size_t>(shape.size())), pieces(whole.size());
      upcycler.Fill(whole, part, reader);
      const UpcycledPart rows(upcycler, part, {&by_rows, 1});
      const auto columns = static_cast<size_t>(shape.size() / shape[0]);
      for (int64_t begin = 0; begin < shape[0]; begin += 3) {
        const int64_t count = std::min<int64_t>(3, shape[0] - begin);
        rows.Fill(begin, std::span(pieces).subspan(static_cast<size_t>(begin) * columns,
                                                   static_cast<size_t>(count) * columns));
      }
      EXPECT_EQ(whole, pieces) << method.name << ' ' << PartName(part, target);
    }
  }
}

TEST(Upcycler, LeavesTheLayersWithoutExpertsAsTheyWere) {
  for (const auto& method : EnumNames<UpcycleMethod>::values) {
    if (method.value == kNone || method.value == kScratch) continue;
    const int64_t granularity = MakesWholeExperts(method.value) ? 1 : 4;
    Architecture target =
        Target(Family::kLlama, method.value == kSplit ? 1 : 4, granularity, 4, kTopkThenSoftmax);
    target.moe.layers = {LayerSelection::Kind::kList, {1}};
    const Parent parent(target);
    for (const Part& part : ListParts(target)) {
      if (part.layer == 1) continue;
      const auto expected = parent(part);
      EXPECT_EQ(
          Upcycled(target, With(method.value), part, [&](const Part& p) { return parent(p); }),
          std::vector<float>(expected.begin(), expected.end()))
          << method.name << " " << PartName(part, target);
    }
  }
}

}  // namespace
}  // namespace upcycle
