#include "experiments/upcycling/upcycle.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/experiments/upcycling/upcycle_fixture.h"

namespace upcycle {
namespace {

using enum RoutingOrder;
using enum WeightScaling;

// The families that may have experts.
constexpr Family kWithExperts[] = {Family::kLlama, Family::kMistral, Family::kNemotron,
                                   Family::kQwen2, Family::kQwen3,   Family::kGemma,
                                   Family::kOlmo,  Family::kOlmoe};

// By granularity, which decides between the two methods of He 2024.
UpcycleSettings Settings(int64_t granularity, WeightScaling scaling) {
  return {granularity == 1 ? UpcycleMethod::kCopy : UpcycleMethod::kVirtualGroups, scaling};
}

double LogitError(const Architecture& target, WeightScaling scaling) {
  return LogitError(target, Settings(target.moe.granularity, scaling));
}

TEST(UpcycledModel, EqualsItsParentForTopkThenSoftmaxCopies) {
  for (Family family : kWithExperts) {
    EXPECT_LE(LogitError(Target(family, 8, 1, 2, kTopkThenSoftmax), kNone), 1e-5) << NameOf(family);
    EXPECT_LE(LogitError(Target(family, 4, 1, 4, kTopkThenSoftmax), kExact), 1e-5)
        << NameOf(family);
  }
}

TEST(UpcycledModel, EqualsItsParentForTopkThenSoftmaxVirtualGroupsWithExactScaling) {
  for (Family family : kWithExperts) {
    EXPECT_LE(LogitError(Target(family, 2, 2, 2, kTopkThenSoftmax), kExact), 1e-5)
        << NameOf(family);
    EXPECT_LE(LogitError(Target(family, 8, 8, 8, kTopkThenSoftmax), kExact), 1e-5)
        << NameOf(family);
    EXPECT_LE(LogitError(Target(family, 4, 2, 4, kTopkThenSoftmax), kExact), 1e-5)
        << NameOf(family);
  }
}

TEST(UpcycledModel, EqualsItsParentForSquaredReluWithThePapersScaling) {
  EXPECT_LE(LogitError(Target(Family::kNemotron, 8, 8, 8, kTopkThenSoftmax), kPaper), 1e-5);
}

TEST(UpcycledModel, EqualsItsParentForSoftmaxThenTopkWhereTheRouterIsUniform) {
  for (auto [expansion, granularity, top_k] :
       {std::array<int64_t, 3>{8, 1, 2}, {8, 1, 1}, {8, 8, 8}}) {
    Architecture target = Target(Family::kLlama, expansion, granularity, top_k, kSoftmaxThenTopk);
    target.moe.router.init_std = 0;
    EXPECT_LE(LogitError(target, kExact), 1e-5) << expansion << granularity << top_k;
  }
}

TEST(UpcycledModel, IsFarFromItsParentWithoutTheScalingThatItNeeds) {
  EXPECT_GT(LogitError(Target(Family::kLlama, 8, 1, 2, kSoftmaxThenTopk), kNone), 0.05);
  EXPECT_GT(LogitError(Target(Family::kLlama, 8, 8, 8, kTopkThenSoftmax), kNone), 0.05);
}

// --- the MLP alone, in double precision
// ---------------------------------------------------------------

struct Mlp {
  std::vector<float> gate, up, down;
  int64_t width, hidden;

  std::vector<double> operator()(const std::vector<double>& x, Family family) const {
    std::vector<double> h(static_cast<size_t>(hidden)), y(static_cast<size_t>(width));
    for (int64_t f = 0; f < hidden; ++f) {
      double g = 0, u = 0;
      for (int64_t i = 0; i < width; ++i) {
        if (!gate.empty())
          g += gate[static_cast<size_t>(f * width + i)] * x[static_cast<size_t>(i)];
        u += up[static_cast<size_t>(f * width + i)] * x[static_cast<size_t>(i)];
      }
      h[static_cast<size_t>(f)] =
          family == Family::kLlama ? u * g / (1 + std::exp(-g)) : std::pow(std::max(u, 0.0), 2);
    }
    for (int64_t i = 0; i < width; ++i) {
      for (int64_t f = 0; f < hidden; ++f) {
        y[static_cast<size_t>(i)] +=
            down[static_cast<size_t>(i * hidden + f)] * h[static_cast<size_t>(f)];
      }
    }
    return y;
  }
};

// Toy weights: unit-variance inputs, and matrices that keep the variance, so that activations reach
// the curved part of the sigmoid as those of a trained model do.
double MlpError(Family family, int64_t expansion, int64_t granularity, int64_t top_k,
                RoutingOrder order, WeightScaling scaling, double logit_std) {
  Architecture target = Target(family, expansion, granularity, top_k, order);
  const int64_t width = target.model.width, hidden = target.model.ffn_width;
  target.model.init_std = 1 / std::sqrt(static_cast<double>(width));
  target.moe.router.init_std = logit_std / std::sqrt(static_cast<double>(width));
  const Parent parent(target);
  const Upcycler upcycler(target, Settings(granularity, scaling), 3);
  const auto fill = [&](PartKind kind, int64_t expert) {
    std::vector<float> values(static_cast<size_t>(PartShape({kind, 0, expert}, target).size()));
    upcycler.Fill(values, {kind, 0, expert}, [&](const Part& part) { return parent(part); });
    return values;
  };
  const auto copy = [&](PartKind kind) {
    if (kind == PartKind::kGate && family == Family::kNemotron) return std::vector<float>();
    const auto values = parent({kind, 0});
    return std::vector<float>(values.begin(), values.end());
  };
  const Mlp dense = {copy(PartKind::kGate), copy(PartKind::kUp), copy(PartKind::kDown), width,
                     hidden};
  std::vector<Mlp> experts;
  for (int64_t e = 0; e < target.moe.Experts(); ++e) {
    experts.push_back(
        {family == Family::kLlama ? fill(PartKind::kExpertGate, e) : std::vector<float>(),
         fill(PartKind::kExpertUp, e), fill(PartKind::kExpertDown, e), width,
         hidden / granularity});
  }
  const std::vector<float> router = fill(PartKind::kRouter, -1);

  double difference = 0, norm = 0;
  for (int sample = 0; sample < 64; ++sample) {
    const RandomStream stream(static_cast<uint64_t>(sample), "x");
    std::vector<double> x, logits, y(static_cast<size_t>(width));
    for (int64_t i = 0; i < width; ++i) x.push_back(stream.Normal(static_cast<uint64_t>(i)));
    for (int64_t e = 0; e < target.moe.Experts(); ++e) {
      logits.push_back(std::inner_product(x.begin(), x.end(), router.begin() + e * width, 0.0));
    }
    std::vector<int64_t> chosen(logits.size());
    std::iota(chosen.begin(), chosen.end(), 0);
    std::stable_sort(chosen.begin(), chosen.end(), [&](int64_t a, int64_t b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    });
    double total = 0;
    const size_t counted = order == kTopkThenSoftmax ? static_cast<size_t>(top_k) : chosen.size();
    for (size_t j = 0; j < counted; ++j) total += std::exp(logits[static_cast<size_t>(chosen[j])]);
    for (int64_t j = 0; j < top_k; ++j) {
      const size_t e = static_cast<size_t>(chosen[static_cast<size_t>(j)]);
      const auto out = experts[e](x, family);
      for (size_t i = 0; i < y.size(); ++i) y[i] += std::exp(logits[e]) / total * out[i];
    }
    const auto expected = dense(x, family);
    for (size_t i = 0; i < y.size(); ++i) {
      difference += std::pow(y[i] - expected[i], 2);
      norm += std::pow(expected[i], 2);
    }
  }
  return std::sqrt(difference / norm);
}

TEST(UpcycledMlp, IsExactForTopkThenSoftmaxWhereTheoryHasItSo) {
  // float32 weights: the root of the factor is rounded once in each matrix.
  EXPECT_LT(MlpError(Family::kNemotron, 8, 8, 8, kTopkThenSoftmax, kPaper, 0.3), 1e-6);
  EXPECT_LT(MlpError(Family::kLlama, 8, 8, 8, kTopkThenSoftmax, kExact, 0.3), 1e-6);
}

TEST(UpcycledMlp, MissesTheParentBySoMuchWhereTheCubeRootScalesAGate) {
  const double small = MlpError(Family::kLlama, 2, 2, 2, kTopkThenSoftmax, kPaper, 0.3);
  const double large = MlpError(Family::kLlama, 8, 8, 8, kTopkThenSoftmax, kPaper, 0.3);
  EXPECT_GT(small, 0.03);
  EXPECT_LT(small, 0.15);
  EXPECT_GT(large, 0.10);
  EXPECT_LT(large, 0.35);
  EXPECT_GT(large, small);
}

TEST(UpcycledMlp, MissesTheParentForSoftmaxThenTopkAsFarAsTheRouterIsNotUniform) {
  double before = 0;
  for (double logit_std : {0.02, 0.1, 0.3, 1.0}) {
    const double error = MlpError(Family::kNemotron, 8, 8, 8, kSoftmaxThenTopk, kExact, logit_std);
    EXPECT_GT(error, before) << logit_std;
    before = error;
  }
  EXPECT_LT(MlpError(Family::kNemotron, 8, 8, 8, kSoftmaxThenTopk, kExact, 0.02), 0.06);
}

TEST(VirtualGroups, GiveEveryGroupOneRouterRowAndEveryShardOnce) {
  const Architecture target = Target(Family::kLlama, 4, 4, 4, kTopkThenSoftmax);
  const Parent parent(target);
  const Upcycler upcycler(target, Settings(4, kNone), 3);
  const ParentReader reader = [&](const Part& part) { return parent(part); };
  const int64_t width = target.model.width, shard = target.ExpertWidth();

  std::vector<float> router(static_cast<size_t>(16 * width));
  upcycler.Fill(router, {PartKind::kRouter, 1}, reader);
  for (int64_t expert = 0; expert < 16; ++expert) {
    for (int64_t other = 0; other < 16; ++other) {
      const bool equal =
          std::equal(router.begin() + expert * width, router.begin() + (expert + 1) * width,
                     router.begin() + other * width);
      EXPECT_EQ(equal, expert / 4 == other / 4) << expert << " " << other;
    }
    std::vector<float> up(static_cast<size_t>(shard * width)), down(up.size());
    upcycler.Fill(up, {PartKind::kExpertUp, 1, expert}, reader);
    upcycler.Fill(down, {PartKind::kExpertDown, 1, expert}, reader);
    const auto dense_up = parent({PartKind::kUp, 1});
    const auto dense_down = parent({PartKind::kDown, 1});
    const int64_t begin = expert % 4 * shard;
    EXPECT_TRUE(std::equal(up.begin(), up.end(), dense_up.begin() + begin * width));
    for (int64_t row = 0; row < width; ++row) {
      EXPECT_TRUE(std::equal(down.begin() + row * shard, down.begin() + (row + 1) * shard,
                             dense_down.begin() + row * target.model.ffn_width + begin));
    }
  }
}

TEST(Upcycler, CopiesEverythingElseBitByBit) {
  const Architecture target = Target(Family::kNemotron, 8, 1, 2, kSoftmaxThenTopk);
  const Parent parent(target);
  const Upcycler upcycler(target, Settings(1, kPaper), 3);
  for (const Part& part : ListParts(target.Dense())) {
    if (part.kind == PartKind::kUp || part.kind == PartKind::kDown) continue;
    const auto expected = parent(part);
    std::vector<float> values(expected.size());
    upcycler.Fill(values, part, [&](const Part& p) { return parent(p); });
    EXPECT_TRUE(std::equal(values.begin(), values.end(), expected.begin()))
        << PartName(part, target);
  }
}

TEST(Upcycler, DrawsAnotherRouterForAnotherSeedAndLayer) {
  const Architecture target = Target(Family::kLlama, 8, 1, 2, kSoftmaxThenTopk);
  const auto router = [&](uint64_t seed, int64_t layer) {
    std::vector<float> values(static_cast<size_t>(8 * target.model.width));
    Upcycler(target, Settings(1, kNone), seed).Fill(values, {PartKind::kRouter, layer}, nullptr);
    return values;
  };
  EXPECT_EQ(router(1, 0), router(1, 0));
  EXPECT_NE(router(1, 0), router(2, 0));
  EXPECT_NE(router(1, 0), router(1, 1));
}

}  // namespace
}  // namespace upcycle
