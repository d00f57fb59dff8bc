// The references themselves: every gradient against central differences of its forward equation.
#include "tests/kernels/reference.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace upcycle::reference {
namespace {

// Σ c · a with fixed random c: a number whose gradient by `a` is c.
double Weighted(const Array& a, const Array& c) {
  double sum = 0;
  for (int64_t i = 0; i < a.size(); ++i) sum += a(i) * c(i);
  return sum;
}

Array CentralDifferences(const std::function<double(const Array&)>& f, const Array& x) {
  constexpr double kStep = 1e-5;
  Array gradient(x.shape);
  for (int64_t i = 0; i < x.size(); ++i) {
    Array above = x, below = x;
    above(i) += kStep;
    below(i) -= kStep;
    gradient(i) = (f(above) - f(below)) / (2 * kStep);
  }
  return gradient;
}

void ExpectGradient(const Array& gradient, const Array& x,
                    const std::function<double(const Array&)>& f) {
  const Array expected = CentralDifferences(f, x);
  ASSERT_EQ(gradient.shape.ToString(), expected.shape.ToString());
  double largest = 0;
  for (const double value : expected.values) largest = std::fmax(largest, std::fabs(value));
  for (int64_t i = 0; i < gradient.size(); ++i) {
    ASSERT_NEAR(gradient(i), expected(i), 1e-7 * largest) << "at " << i;
  }
}

TEST(Reference, MatMulMultipliesRowsByColumns) {
  const Array a({2, 3}, {1, 2, 3, 4, 5, 6});
  const Array b({3, 1}, {1, 10, 100});
  EXPECT_EQ(MatMul(a, Transpose::kNo, b, Transpose::kNo).values, (std::vector<double>{321, 654}));
  const Array at({3, 2}, {1, 4, 2, 5, 3, 6});
  EXPECT_EQ(MatMul(at, Transpose::kYes, Array({1, 3}, {1, 10, 100}), Transpose::kYes).values,
            (std::vector<double>{321, 654}));
}

TEST(Reference, BiasGradientIsTheDerivative) {
  const Array x = Random({4, 3}, "x"), bias = Random({3}, "bias"), c = Random({4, 3}, "c");
  ExpectGradient(BiasBackward(c), bias,
                 [&](const Array& moved) { return Weighted(AddBias(x, moved), c); });
}

TEST(Reference, EmbeddingGradientIsTheDerivative) {
  const Array table = Random({4, 3}, "table"), c = Random({5, 3}, "c");
  const Array tokens({5}, {0, 2, 2, 3, 0});
  ExpectGradient(EmbeddingBackward(4, c, tokens), table,
                 [&](const Array& t) { return Weighted(EmbeddingForward(t, tokens), c); });
}

TEST(Reference, RmsNormGradientsAreTheDerivatives) {
  const Array x = Random({3, 5}, "x"), weight = Random({5}, "w"), c = Random({3, 5}, "c");
  const auto gradients = RmsNormBackward(c, x, weight, 0.01);
  ExpectGradient(gradients.d_x, x, [&](const Array& moved) {
    return Weighted(RmsNormForward(moved, weight, 0.01).out, c);
  });
  ExpectGradient(gradients.d_weight, weight, [&](const Array& moved) {
    return Weighted(RmsNormForward(x, moved, 0.01).out, c);
  });
}

// What the op leaves alone counts as nothing here.
Array OrZero(Array a) {
  for (double& value : a.values) value = std::isnan(value) ? 0 : value;
  return a;
}

TEST(Reference, RmsNormColumnsGradientsAreTheDerivatives) {
  const Array x = Random({3, 9}, "x"), weight = Random({2}, "w");
  const Columns columns = {1, 3};
  Array c = Random({3, 9}, "c");
  const auto gradients = RmsNormColumnsBackward(c, x, weight, columns, 0.01);
  // Other columns pass by.
  for (int64_t r = 0; r < 3; ++r) {
    for (const int64_t i : {0, 7, 8}) EXPECT_EQ(gradients.d_x(r, i), c(r, i));
  }
  const auto forward = [&](const Array& from, const Array& by) {
    Array out = OrZero(RmsNormColumnsForward(from, by, columns, 0.01).out);
    for (int64_t r = 0; r < 3; ++r) {
      for (const int64_t i : {0, 7, 8}) out(r, i) = from(r, i);
    }
    return Weighted(out, c);
  };
  ExpectGradient(gradients.d_x, x, [&](const Array& moved) { return forward(moved, weight); });
  ExpectGradient(gradients.d_weight, weight, [&](const Array& moved) { return forward(x, moved); });
}

TEST(Reference, LayerNormGradientsAreTheDerivatives) {
  const Array x = Random({3, 5}, "x"), weight = Random({5}, "w"), bias = Random({5}, "b");
  const Array c = Random({3, 5}, "c");
  const auto gradients = LayerNormBackward(c, x, weight, 0.01);
  ExpectGradient(gradients.d_x, x, [&](const Array& moved) {
    return Weighted(LayerNormForward(moved, weight, bias, 0.01).out, c);
  });
  ExpectGradient(gradients.d_weight, weight, [&](const Array& moved) {
    return Weighted(LayerNormForward(x, moved, bias, 0.01).out, c);
  });
  ExpectGradient(gradients.d_bias, bias, [&](const Array& moved) {
    return Weighted(LayerNormForward(x, weight, moved, 0.01).out, c);
  });
}

TEST(Reference, LayerNormGradientWithoutWeightsIsTheDerivative) {
  const Array x = Random({3, 5}, "x"), c = Random({3, 5}, "c");
  ExpectGradient(LayerNormBackward(c, x, Array(), 0.01).d_x, x, [&](const Array& moved) {
    return Weighted(LayerNormForward(moved, Array(), Array(), 0.01).out, c);
  });
}

TEST(Reference, RopeGradientIsTheDerivative) {
  const AttentionShape shape = {2, 3, 2, 1, 6};
  const Array qkv = Random({shape.tokens(), shape.fused_width()}, "qkv");
  const Array c = Random(qkv.shape, "c");
  for (const Rotary rotary : {Rotary{6, 100}, Rotary{2, 100}}) {
    ExpectGradient(Rope(c, shape, rotary, true), qkv, [&](const Array& moved) {
      return Weighted(Rope(moved, shape, rotary, false), c);
    });
  }
}

TEST(Reference, RopeTurnsTheFirstPairByOneRadianAPosition) {
  const AttentionShape shape = {1, 3, 1, 1, 2};
  const Array qkv({3, 6}, {1, 0, 0, 1, 5, 6, 1, 0, 0, 1, 5, 6, 1, 0, 0, 1, 5, 6});
  const Array turned = Rope(qkv, shape, {2, 10000}, false);
  EXPECT_DOUBLE_EQ(turned(2, 0), std::cos(2.0));
  EXPECT_DOUBLE_EQ(turned(2, 1), std::sin(2.0));
  EXPECT_DOUBLE_EQ(turned(1, 2), -std::sin(1.0));
  EXPECT_DOUBLE_EQ(turned(2, 4), 5);
}

TEST(Reference, AttentionGradientIsTheDerivative) {
  for (const AttentionShape& shape : {AttentionShape{2, 4, 4, 2, 4}, AttentionShape{1, 5, 1, 1, 2},
                                      AttentionShape{1, 3, 3, 1, 2}}) {
    const Array qkv = Random({shape.tokens(), shape.fused_width()}, "qkv");
    const Array c = Random({shape.tokens(), shape.query_width()}, "c");
    ExpectGradient(AttentionBackward(c, qkv, shape), qkv, [&](const Array& moved) {
      return Weighted(AttentionForward(moved, shape).out, c);
    });
  }
}

TEST(Reference, AttentionGradientOfDocumentsIsTheDerivative) {
  const AttentionShape shape = {2, 4, 4, 2, 4};
  const Array starts({8}, std::vector<double>{0, 0, 2, 2, 0, 1, 1, 3});
  const Array qkv = Random({shape.tokens(), shape.fused_width()}, "qkv");
  const Array c = Random({shape.tokens(), shape.query_width()}, "c");
  ExpectGradient(AttentionBackward(c, qkv, shape, starts), qkv, [&](const Array& moved) {
    return Weighted(AttentionForward(moved, shape, starts).out, c);
  });
}

TEST(Reference, AttentionOfDocumentsIsThatOfEachAlone) {
  const AttentionShape both = {1, 5, 2, 1, 4}, alone = {1, 2, 2, 1, 4};
  const Array qkv = Random({5, both.fused_width()}, "qkv");
  const Array packed =
      AttentionForward(qkv, both, Array({5}, std::vector<double>{0, 0, 0, 3, 3})).out;
  const int64_t begin = 3 * both.fused_width();
  const Array last({2, both.fused_width()},
                   std::vector<double>(qkv.values.begin() + begin, qkv.values.end()));
  const Array separate = AttentionForward(last, alone).out;
  for (int64_t i = 0; i < separate.size(); ++i) {
    EXPECT_DOUBLE_EQ(packed(3 * both.query_width() + i), separate(i));
  }
}

TEST(Reference, AttentionAveragesTheValuesOfEarlierPositionsWhenKeysAreEqual) {
  const AttentionShape shape = {1, 3, 1, 1, 2};
  const Array qkv({3, 6}, {1, 2, 0, 0, 3, 30, 1, 2, 0, 0, 5, 50, 1, 2, 0, 0, 10, 100});
  const auto attention = AttentionForward(qkv, shape);
  EXPECT_DOUBLE_EQ(attention.out(0, 0), 3);
  EXPECT_DOUBLE_EQ(attention.out(1, 1), 40);
  EXPECT_DOUBLE_EQ(attention.out(2, 0), 6);
  EXPECT_DOUBLE_EQ(attention.log_sum_exp(0, 0, 2), std::log(3.0));
}

TEST(Reference, ActivationGradientsAreTheDerivatives) {
  for (const Activation activation :
       {Activation::kSwiGlu, Activation::kSquaredRelu, Activation::kGeGlu, Activation::kGelu,
        Activation::kGeluTanh}) {
    const Array x = Random({3, ActivationInputs(activation, 4)}, "x");
    const Array row_weight = Random({3}, "row_weight"), c = Random({3, 4}, "c");
    const auto gradients = ActivationBackward(c, x, row_weight, activation);
    ExpectGradient(gradients.d_x, x, [&](const Array& moved) {
      return Weighted(ActivationForward(moved, row_weight, activation), c);
    });
    ExpectGradient(gradients.d_row_weight, row_weight, [&](const Array& moved) {
      return Weighted(ActivationForward(x, moved, activation), c);
    });
  }
}

TEST(Reference, RouterGradientIsTheDerivativeOfWeightsAndLosses) {
  const Array logits = Random({6, 4}, "logits"), balance = Random({2, 4}, "balance");
  const Array ranks = Random({6, 4}, "ranks");
  for (const RouterScore score : {RouterScore::kSoftmax, RouterScore::kSigmoid}) {
    for (const RoutingOrder order :
         {RoutingOrder::kSoftmaxThenTopk, RoutingOrder::kTopkThenSoftmax}) {
      for (const int64_t top_k : {1, 2, 4}) {
        const Scoring scoring(order, score);
        const Array c = Random({6, top_k}, "c");
        for (const Array& by : {Array(), ranks}) {
          ExpectGradient(RouterBackward(logits, c, balance, 0.3, scoring, by), logits,
                         [&](const Array& moved) {
                           const Routed routed = RouterForward(moved, top_k, scoring, by);
                           return Weighted(routed.weight, c) +
                                  BalanceLoss(balance, routed.probabilities) +
                                  RouterZLoss(routed.log_sum_exp, 0.3);
                         });
        }
      }
    }
  }
}

TEST(Reference, NormalizedLogitsGradientIsTheDerivative) {
  const Array logits = Random({5, 4}, "logits"), c = Random({5, 4}, "c");
  ExpectGradient(NormalizeLogitsBackward(c, logits, 1.5), logits, [&](const Array& moved) {
    return Weighted(NormalizeLogits(moved, 1.5).logits, c);
  });
}

TEST(Reference, NormalizedLogitsHaveMeanZeroAndTheScaleAsDeviation) {
  const Array logits = NormalizeLogits(Random({3, 16}, "logits", 4), 2.5).logits;
  for (int64_t t = 0; t < 3; ++t) {
    double sum = 0, squares = 0;
    for (int64_t e = 0; e < 16; ++e) {
      sum += logits(t, e);
      squares += logits(t, e) * logits(t, e);
    }
    EXPECT_NEAR(sum, 0, 1e-9);
    EXPECT_NEAR(std::sqrt(squares / 16), 2.5, 1e-5);
  }
}

// Columns of n/E and rows of 1 are what the scaling converges to.
TEST(Reference, SinkhornGivesEveryExpertItsShareOfTheTokens) {
  const Array ranks = SinkhornRanks(Random({12, 4}, "logits", 2), 200).ranks;
  for (int64_t e = 0; e < 4; ++e) {
    double sum = 0;
    for (int64_t t = 0; t < 12; ++t) sum += ranks(t, e);
    EXPECT_NEAR(sum, 3, 1e-6);
  }
  for (int64_t t = 0; t < 12; ++t) {
    EXPECT_NEAR(ranks(t, 0) + ranks(t, 1) + ranks(t, 2) + ranks(t, 3), 1, 1e-9);
  }
}

// The loss that Switch defines is its coefficient when probabilities and assignments are uniform.
TEST(Reference, BalanceLossIsItsCoefficientAtPerfectBalance) {
  const int64_t tokens = 8, experts = 4, top_k = 2;
  const Array probabilities({tokens, experts}, 0.25);
  const Array counts({1, experts}, 4);
  const double factor = 0.01 * experts / (top_k * tokens * tokens);
  EXPECT_DOUBLE_EQ(BalanceLoss(BalanceGradient(counts, factor), probabilities), 0.01);
}

Planned SmallPlan() {
  const Array expert({4, 2}, {0, 2, 2, 0, 0, 2, 2, 3});
  const Array weight({4, 2}, {5, 1, 8, 2, 3, 9, 7, 4});
  return PlanDispatch(expert, weight, 4, 2, DropPolicy::kProbs);
}

TEST(Reference, PlanKeepsTheHeaviestAssignmentsInTheOrderOfTheTokens) {
  const Planned plan = SmallPlan();
  EXPECT_EQ(plan.counts.values, (std::vector<double>{2, 0, 2, 1}));
  EXPECT_EQ(plan.offsets.values, (std::vector<double>{0, 2, 2, 4}));
  EXPECT_EQ(plan.row_of.values, (std::vector<double>{0, -1, 2, -1, 1, 3, -1, 4}));
  EXPECT_EQ(plan.assignment_of.values, (std::vector<double>{0, 4, 2, 5, 7, -1, -1, -1}));
}

TEST(Reference, PaddedPlanGivesEveryExpertAsManyRows) {
  const Array expert({4, 2}, {0, 2, 2, 0, 0, 2, 2, 3});
  const Array weight({4, 2}, {5, 1, 8, 2, 3, 9, 7, 4});
  const Planned plan = PlanDispatch(expert, weight, 4, 2, DropPolicy::kProbs, ExpertPath::kPadded);
  EXPECT_EQ(plan.counts.values, (std::vector<double>{2, 0, 2, 1}));
  EXPECT_EQ(plan.offsets.values, (std::vector<double>{0, 2, 4, 6}));
  EXPECT_EQ(plan.row_of.values, (std::vector<double>{0, -1, 4, -1, 1, 5, -1, 6}));
  EXPECT_EQ(plan.assignment_of.values, (std::vector<double>{0, 4, -1, -1, 2, 5, 7, -1}));
}

TEST(Reference, GatherAndCombineAreEachOthersGradients) {
  const Planned plan = SmallPlan();
  const Array x = Random({4, 3}, "x"), c = Random({8, 3}, "c");
  ExpectGradient(CombineRows(c, plan), x,
                 [&](const Array& moved) { return Weighted(GatherRows(moved, plan), c); });
  const Array weight = Random({4, 2}, "w"), c_rows = Random({8}, "c_rows");
  ExpectGradient(ScatterWeights(c_rows, plan), weight,
                 [&](const Array& moved) { return Weighted(GatherWeights(moved, plan), c_rows); });
}

// What the op leaves alone counts as nothing here.
Array WithoutUnserved(Array a) {
  for (double& value : a.values) value = std::isnan(value) ? 0 : value;
  return a;
}

TEST(Reference, ExpertMatMulGradientsAreTheDerivatives) {
  const Planned plan = SmallPlan();
  const Array rows = Random({8, 3}, "rows"), weights = Random({4, 2, 3}, "weights");
  const Array c = Random({8, 2}, "c");
  ExpectGradient(WithoutUnserved(ExpertMatMulBackwardRows(c, weights, plan)), rows,
                 [&](const Array& moved) {
                   return Weighted(WithoutUnserved(ExpertMatMul(moved, weights, plan)), c);
                 });
  ExpectGradient(ExpertMatMulBackwardWeights(c, rows, plan), weights, [&](const Array& moved) {
    return Weighted(WithoutUnserved(ExpertMatMul(rows, moved, plan)), c);
  });
}

TEST(Reference, CrossEntropyGradientIsTheDerivative) {
  const Array logits = Random({4, 5}, "logits");
  const Array targets({4}, {0, 4, -1, 2});
  ExpectGradient(CrossEntropyBackward(logits, targets, 0.5), logits, [&](const Array& moved) {
    return Weighted(CrossEntropyForward(moved, targets), Array({4}, 0.5));
  });
}

TEST(Reference, AdamWMovesByTheLearningRateAtFirst) {
  const Optimized before = {Array({2}, {1, 1}), Array({2}), Array({2})};
  const AdamWStep step = {.learning_rate = 0.1,
                          .beta1 = 0.9,
                          .beta2 = 0.99,
                          .epsilon = 1e-12,
                          .weight_decay = 0.5,
                          .clip_norm = 0,
                          .step = 1};
  const Optimized after = AdamW(before, Array({2}, {3, -0.02}), 0, step);
  EXPECT_NEAR(after.weights(0), 1 - 0.1 - 0.05, 1e-9);
  EXPECT_NEAR(after.weights(1), 1 + 0.1 - 0.05, 1e-9);
}

}  // namespace
}  // namespace upcycle::reference
