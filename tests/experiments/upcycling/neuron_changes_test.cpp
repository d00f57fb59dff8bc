#include "experiments/upcycling/neuron_changes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "experiments/model/parameters.h"

namespace upcycle {
namespace {

constexpr int64_t kWidth = 128;
constexpr int64_t kHidden = 64;
constexpr PartKind kKinds[] = {PartKind::kExpertGate, PartKind::kExpertUp, PartKind::kExpertDown};

int64_t NeuronOf(PartKind kind, size_t place) {
  const auto at = static_cast<int64_t>(place);
  return kind == PartKind::kExpertDown ? at % kHidden : at / kWidth;
}

struct Moments {
  double mean, std;
};

// A matrix whose neurons 0, 2, 4, … are N(3, 0.5), the others N(-1, 0.2).
class ChangedMatrix {
 public:
  explicit ChangedMatrix(PartKind kind) : kind_(kind) {
    const RandomStream stream(5, "matrix");
    values_.resize(static_cast<size_t>(kWidth * kHidden));
    for (size_t i = 0; i < values_.size(); ++i) {
      const double normal = stream.Normal(i);
      values_[i] = static_cast<float>(IsEven(i) ? 3 + 0.5 * normal : -1 + 0.2 * normal);
    }
    before_ = values_;
    for (int64_t neuron = 0; neuron < kHidden; neuron += 2) neurons_.push_back(neuron);
  }

  NeuronRows Even() { return EvenOf(0, Rows()); }
  // The same of some rows.
  NeuronRows EvenOf(int64_t first, int64_t count) {
    const int64_t columns = kind_ == PartKind::kExpertDown ? kHidden : kWidth;
    const std::span<float> rows = std::span(values_).subspan(static_cast<size_t>(first * columns),
                                                             static_cast<size_t>(count * columns));
    return {rows, {kind_, 0, 0}, first, columns, neurons_};
  }
  int64_t Rows() const { return kind_ == PartKind::kExpertDown ? kWidth : kHidden; }
  const std::vector<float>& values() const { return values_; }

  void ExpectTheOddToStay() const {
    for (size_t i = 0; i < values_.size(); ++i) {
      if (IsEven(i)) continue;
      ASSERT_EQ(values_[i], before_[i]);
    }
  }

  // Of the even neurons; of what was added to them.
  Moments Of() const {
    return MomentsOf([&](size_t i) { return double{values_[i]}; });
  }
  Moments OfDifference() const {
    return MomentsOf([&](size_t i) { return double{values_[i]} - before_[i]; });
  }

 private:
  bool IsEven(size_t place) const { return NeuronOf(kind_, place) % 2 == 0; }

  template <typename Value>
  Moments MomentsOf(const Value& value) const {
    double sum = 0, squares = 0, count = 0;
    for (size_t i = 0; i < values_.size(); ++i) {
      if (!IsEven(i)) continue;
      sum += value(i);
      squares += value(i) * value(i);
      ++count;
    }
    const double mean = sum / count;
    return {mean, std::sqrt(squares / count - mean * mean)};
  }

  PartKind kind_;
  std::vector<float> values_, before_;
  std::vector<int64_t> neurons_;
};

// Of n normal draws the mean is within 5·std/√n of its expectation and the deviation within
// 5/√(2n) of its own, both but for one seed in a million.
constexpr double kDraws = kWidth * kHidden / 2.0;
const double kMeanBound = 5 / std::sqrt(kDraws);
const double kStdBound = 5 / std::sqrt(2 * kDraws);

TEST(RedrawNeurons, KeepsMeanAndDeviationOfWhatWasDroppedAndNothingElse) {
  for (PartKind kind : kKinds) {
    ChangedMatrix matrix(kind);
    const Moments before = matrix.Of();
    const NormalMoments moments = MomentsOfNeurons([&](const auto& body) { body(matrix.Even()); });
    EXPECT_NEAR(moments.mean, before.mean, 1e-12);
    EXPECT_NEAR(moments.deviation, before.std, 1e-9);
    RedrawNeurons(matrix.Even(), moments, RandomStream(1, "draws"));
    matrix.ExpectTheOddToStay();
    EXPECT_NEAR(matrix.Of().mean, before.mean, kMeanBound * before.std);
    EXPECT_NEAR(matrix.Of().std / before.std, 1, kStdBound);
    // Nothing of the old values is left: the difference of two independent draws is √2 as wide.
    EXPECT_NEAR(matrix.OfDifference().std / (std::sqrt(2) * before.std), 1, 2 * kStdBound);
  }
}

TEST(RedrawNeurons, OfNoneChangesNothing) {
  std::vector<float> values = {1, 2, 3, 4};
  const NeuronRows rows = {values, {PartKind::kExpertUp, 0, 0}, 0, 2, {}};
  const NormalMoments moments = MomentsOfNeurons([&](const auto& body) { body(rows); });
  EXPECT_EQ(moments.deviation, 0);
  RedrawNeurons(rows, moments, RandomStream(1, "draws"));
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3, 4}));
}

TEST(NeuronChanges, DependNotOnHowRowsAreCut) {
  for (PartKind kind : kKinds) {
    ChangedMatrix whole(kind), cut(kind);
    const RandomStream stream(1, "draws");
    const int64_t rows = cut.Rows();
    const auto visit = [&](const std::function<void(const NeuronRows&)>& body) {
      for (int64_t begin = 0; begin < rows; begin += 3) {
        body(cut.EvenOf(begin, std::min<int64_t>(3, rows - begin)));
      }
    };
    const NormalMoments moments = MomentsOfNeurons([&](const auto& body) { body(whole.Even()); });
    const NormalMoments moments_of_cut = MomentsOfNeurons(visit);
    EXPECT_EQ(moments.mean, moments_of_cut.mean);
    EXPECT_EQ(moments.deviation, moments_of_cut.deviation);
    RedrawNeurons(whole.Even(), moments, stream);
    visit([&](const NeuronRows& some) { RedrawNeurons(some, moments, stream); });
    EXPECT_EQ(whole.values(), cut.values());
    AddNoise(whole.Even(), 0.5, stream);
    visit([&](const NeuronRows& some) { AddNoise(some, 0.5, stream); });
    EXPECT_EQ(whole.values(), cut.values());
  }
}

TEST(AddNoise, AddsWhatItSaysAndLeavesTheRest) {
  for (PartKind kind : kKinds) {
    ChangedMatrix matrix(kind);
    AddNoise(matrix.Even(), 0.25, RandomStream(1, "draws"));
    matrix.ExpectTheOddToStay();
    EXPECT_NEAR(matrix.OfDifference().mean, 0, kMeanBound * 0.25);
    EXPECT_NEAR(matrix.OfDifference().std / 0.25, 1, kStdBound);
  }
}

TEST(RefreshNeurons, DrawsThemAsFreshWeightsAre) {
  Architecture architecture;
  architecture.model.layers = 8;
  architecture.model.init_std = 0.2;
  for (PartKind kind : kKinds) {
    ChangedMatrix matrix(kind);
    RefreshNeurons(matrix.Even(), architecture, RandomStream(1, "draws"));
    matrix.ExpectTheOddToStay();
    // What writes to the residual stream is smaller by √(2 · layers).
    const double std = kind == PartKind::kExpertDown ? 0.05 : 0.2;
    EXPECT_NEAR(matrix.Of().mean, 0, kMeanBound * std);
    EXPECT_NEAR(matrix.Of().std / std, 1, kStdBound);
  }
}

}  // namespace
}  // namespace upcycle
