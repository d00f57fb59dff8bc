// Routing and dispatch: every small case against the plain equations, and the rules by example.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/error.h"
#include "kernels/backend.h"
#include "tests/caught_error.h"
#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct RoutedTokens {
  RoutedTokens(int64_t tokens, int64_t experts, int64_t top_k)
      : shape{tokens, top_k},
        probabilities(static_cast<size_t>(tokens * experts)),
        log_sum_exp(static_cast<size_t>(tokens)),
        expert(static_cast<size_t>(tokens * top_k)),
        weight(static_cast<size_t>(tokens * top_k)),
        routing{Tensor(probabilities.data(), {tokens, experts}),
                Tensor(log_sum_exp.data(), {tokens}), Tensor(expert.data(), shape),
                Tensor(weight.data(), shape)} {}

  Shape shape;
  std::vector<float> probabilities;
  std::vector<float> log_sum_exp;
  std::vector<int32_t> expert;
  std::vector<float> weight;
  Routing routing;
};

struct PlannedRows {
  PlannedRows(int64_t tokens, int64_t experts, int64_t top_k)
      : PlannedRows(tokens, experts, top_k, ExpertPath::kGrouped, tokens * top_k) {}
  PlannedRows(int64_t tokens, int64_t experts, int64_t top_k, ExpertPath path, int64_t rows)
      : counts(static_cast<size_t>(experts)),
        offsets(static_cast<size_t>(experts)),
        row_of(static_cast<size_t>(tokens * top_k)),
        // Never without memory.
        assignment_of(static_cast<size_t>(rows + 1)),
        dispatch{Tensor(counts.data(), {experts}), Tensor(offsets.data(), {experts}),
                 Tensor(row_of.data(), {tokens, top_k}), Tensor(assignment_of.data(), {rows}),
                 path} {
    assignment_of.resize(static_cast<size_t>(rows));
  }

  std::vector<int32_t> counts;
  std::vector<int32_t> offsets;
  std::vector<int32_t> row_of;
  std::vector<int32_t> assignment_of;
  Dispatch dispatch;
};

bool Equal(const std::vector<int32_t>& actual, const Array& expected) {
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] != expected.values[i]) return false;
  }
  return actual.size() == expected.values.size();
}

bool Near(const std::vector<float>& actual, const Array& expected) {
  for (size_t i = 0; i < actual.size(); ++i) {
    if (!(std::fabs(actual[i] - expected.values[i]) <= 1e-6)) return false;
  }
  return actual.size() == expected.values.size();
}

bool SamePlan(const PlannedRows& rows, const reference::Planned& plan) {
  return Equal(rows.counts, plan.counts) && Equal(rows.offsets, plan.offsets) &&
         Equal(rows.row_of, plan.row_of) && Equal(rows.assignment_of, plan.assignment_of);
}

// Every assignment of 0 or 1 to the logits of all tokens: half of all comparisons are ties, experts
// are left empty, and all tokens meet on one.
void CheckEveryRouting(Backend& backend, int64_t tokens, int64_t experts) {
  const int64_t size = tokens * experts;
  std::vector<float> logits(static_cast<size_t>(size));
  Array values({tokens, experts});
  for (int64_t code = 0; code < int64_t{1} << size; ++code) {
    for (int64_t i = 0; i < size; ++i) {
      values(i) = static_cast<double>(code >> i & 1);
      logits[static_cast<size_t>(i)] = static_cast<float>(values(i));
    }
    for (int64_t top_k = 1; top_k <= experts; ++top_k) {
      for (const RoutingOrder order :
           {RoutingOrder::kSoftmaxThenTopk, RoutingOrder::kTopkThenSoftmax}) {
        RoutedTokens routed(tokens, experts, top_k);
        backend.RouterForward(routed.routing, ConstTensor(logits.data(), {tokens, experts}), order);
        const auto expected = reference::RouterForward(values, top_k, order);
        ASSERT_TRUE(Equal(routed.expert, expected.expert) && Near(routed.weight, expected.weight))
            << "n=" << tokens << " E=" << experts << " T=" << top_k << " logits " << code;
        // The plan must answer to the weights as they were rounded.
        Array weight({tokens, top_k});
        for (int64_t i = 0; i < weight.size(); ++i) {
          weight(i) = routed.weight[static_cast<size_t>(i)];
        }
        for (int64_t capacity = 0; capacity <= 4; ++capacity) {
          for (const DropPolicy policy : {DropPolicy::kProbs, DropPolicy::kPosition}) {
            for (const ExpertPath path : {ExpertPath::kGrouped, ExpertPath::kPadded}) {
              const bool padded = path == ExpertPath::kPadded;
              PlannedRows rows(tokens, experts, top_k, path,
                               padded ? experts * capacity : tokens * top_k);
              backend.PlanDispatch(rows.dispatch, routed.routing.expert, routed.routing.weight,
                                   capacity, policy);
              ASSERT_TRUE(SamePlan(rows, reference::PlanDispatch(expected.expert, weight, experts,
                                                                 capacity, policy, path)))
                  << "n=" << tokens << " E=" << experts << " T=" << top_k << " logits " << code
                  << " capacity " << capacity << (policy == DropPolicy::kProbs ? " probs" : "")
                  << (padded ? " padded" : "");
            }
          }
        }
      }
    }
  }
}

TEST(Dispatch, AgreesWithThePlainEquationsOnEverySmallCase) {
  const auto backend = MakeCpuBackend(1);
  for (int64_t tokens = 1; tokens <= 4; ++tokens) {
    for (int64_t experts = 1; experts <= 4; ++experts) {
      CheckEveryRouting(*backend, tokens, experts);
    }
  }
}

TEST(Router, TakesTheLowerIndexOfEqualLogits) {
  const auto backend = MakeCpuBackend(1);
  const std::vector<float> logits = {1, 3, 3, 2, 3};
  RoutedTokens routed(1, 5, 4);
  backend->RouterForward(routed.routing, ConstTensor(logits.data(), {1, 5}),
                         RoutingOrder::kSoftmaxThenTopk);
  EXPECT_EQ(routed.expert, (std::vector<int32_t>{1, 2, 4, 3}));
}

TEST(Router, GivesWeightsThatSumToOneOnlyWithSoftmaxLast) {
  const auto backend = MakeCpuBackend(1);
  const std::vector<float> logits = {0, 1, 2, 3};
  RoutedTokens first(1, 4, 2), last(1, 4, 2);
  backend->RouterForward(first.routing, ConstTensor(logits.data(), {1, 4}),
                         RoutingOrder::kSoftmaxThenTopk);
  backend->RouterForward(last.routing, ConstTensor(logits.data(), {1, 4}),
                         RoutingOrder::kTopkThenSoftmax);
  EXPECT_NEAR(first.weight[0] + first.weight[1], 0.8808f, 1e-4);
  EXPECT_NEAR(last.weight[0] + last.weight[1], 1, 1e-6);
}

TEST(Router, ChoosesDistinctExpertsInRangeFromLogitsThatAreNotNumbers) {
  const auto backend = MakeCpuBackend(1);
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> logits = {kNaN, kNaN,      kNaN,      kNaN,       //
                                     1,    kNaN,      2,         kNaN,       //
                                     kNaN, -infinity, -infinity, -infinity,  //
                                     kNaN, infinity,  infinity,  0};
  for (const RoutingOrder order :
       {RoutingOrder::kSoftmaxThenTopk, RoutingOrder::kTopkThenSoftmax}) {
    RoutedTokens routed(4, 4, 3);
    backend->RouterForward(routed.routing, ConstTensor(logits.data(), {4, 4}), order);
    EXPECT_EQ(routed.expert, (std::vector<int32_t>{0, 1, 2, 2, 0, 1, 0, 1, 2, 1, 2, 3}));
    EXPECT_TRUE(std::isnan(routed.probabilities[0]));
  }
}

// Whole numbers, so that most comparisons among many experts are ties; and rows with too few
// numbers.
TEST(Router, BreaksTiesAmongManyExpertsOnEveryInstructionSet) {
  const int64_t tokens = 200, experts = 77, top_k = 9;
  const Array values = RandomInts({tokens, experts}, "logits", 0, 12);
  std::vector<float> logits(values.values.begin(), values.values.end());
  const auto expected = reference::RouterForward(values, top_k, RoutingOrder::kSoftmaxThenTopk);
  for (const int64_t target : InstructionSets()) {
    const ForcedInstructionSet forced(target);
    RoutedTokens routed(tokens, experts, top_k);
    MakeCpuBackend(1)->RouterForward(routed.routing, ConstTensor(logits.data(), {tokens, experts}),
                                     RoutingOrder::kSoftmaxThenTopk);
    EXPECT_TRUE(Equal(routed.expert, expected.expert));
  }
}

TEST(Router, ChoosesDistinctExpertsAmongManyLogitsThatAreNotNumbers) {
  std::vector<float> logits(40, kNaN);
  logits[7] = 1;
  logits[33] = 2;
  for (const int64_t target : InstructionSets()) {
    const ForcedInstructionSet forced(target);
    RoutedTokens routed(1, 40, 4);
    MakeCpuBackend(1)->RouterForward(routed.routing, ConstTensor(logits.data(), {1, 40}),
                                     RoutingOrder::kTopkThenSoftmax);
    EXPECT_EQ(routed.expert, (std::vector<int32_t>{33, 7, 0, 1}));
  }
}

TEST(Dispatch, DropsTheLeastProbableTokensBeyondCapacity) {
  const auto backend = MakeCpuBackend(1);
  const std::vector<int32_t> expert = {0, 0, 1, 0, 0};
  const std::vector<float> weight = {0.3f, 0.9f, 0.1f, 0.5f, 0.4f};
  PlannedRows rows(5, 2, 1);
  backend->PlanDispatch(rows.dispatch, ConstTensor(expert.data(), {5, 1}),
                        ConstTensor(weight.data(), {5, 1}), 2, DropPolicy::kProbs);
  EXPECT_EQ(rows.counts, (std::vector<int32_t>{2, 1}));
  EXPECT_EQ(rows.offsets, (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(rows.row_of, (std::vector<int32_t>{-1, 0, 2, 1, -1}));
  EXPECT_EQ(rows.assignment_of, (std::vector<int32_t>{1, 3, 2, -1, -1}));
}

TEST(Dispatch, DropsTheLatestTokensByPosition) {
  const auto backend = MakeCpuBackend(1);
  const std::vector<int32_t> expert = {0, 0, 1, 0, 0};
  const std::vector<float> weight = {0.3f, 0.9f, 0.1f, 0.5f, 0.4f};
  PlannedRows rows(5, 2, 1);
  backend->PlanDispatch(rows.dispatch, ConstTensor(expert.data(), {5, 1}),
                        ConstTensor(weight.data(), {5, 1}), 2, DropPolicy::kPosition);
  EXPECT_EQ(rows.row_of, (std::vector<int32_t>{0, 1, 2, -1, -1}));
}

TEST(Dispatch, GivesEveryExpertAsManyRowsWhenPadded) {
  const auto backend = MakeCpuBackend(1);
  const std::vector<int32_t> expert = {0, 0, 2, 0, 0};
  const std::vector<float> weight = {0.3f, 0.9f, 0.1f, 0.5f, 0.4f};
  PlannedRows rows(5, 3, 1, ExpertPath::kPadded, 6);
  backend->PlanDispatch(rows.dispatch, ConstTensor(expert.data(), {5, 1}),
                        ConstTensor(weight.data(), {5, 1}), 2, DropPolicy::kProbs);
  EXPECT_EQ(rows.counts, (std::vector<int32_t>{2, 0, 1}));
  EXPECT_EQ(rows.offsets, (std::vector<int32_t>{0, 2, 4}));
  EXPECT_EQ(rows.row_of, (std::vector<int32_t>{-1, 0, 4, 1, -1}));
  EXPECT_EQ(rows.assignment_of, (std::vector<int32_t>{1, 3, -1, -1, 2, -1}));
}

TEST(Dispatch, RefusesACapacityThatIsNotThatOfThePaddedRows) {
  const auto backend = MakeCpuBackend(1);
  const std::vector<int32_t> expert = {0, 1};
  const std::vector<float> weight = {1, 1};
  for (const int64_t rows : {2, 3, 6}) {
    PlannedRows planned(2, 2, 1, ExpertPath::kPadded, rows);
    EXPECT_EQ(CauseOf([&] {
                backend->PlanDispatch(planned.dispatch, ConstTensor(expert.data(), {2, 1}),
                                      ConstTensor(weight.data(), {2, 1}), 2, DropPolicy::kProbs);
              }),
              Cause::kBug)
        << rows;
  }
}

TEST(Dispatch, KeepsTheEarlierOfEqualWeights) {
  const auto backend = MakeCpuBackend(1);
  const std::vector<int32_t> expert = {0, 0, 0, 0};
  const std::vector<float> weight = {0.5f, 0.7f, 0.5f, 0.5f};
  PlannedRows rows(4, 1, 1);
  backend->PlanDispatch(rows.dispatch, ConstTensor(expert.data(), {4, 1}),
                        ConstTensor(weight.data(), {4, 1}), 3, DropPolicy::kProbs);
  EXPECT_EQ(rows.assignment_of, (std::vector<int32_t>{0, 1, 2, -1}));
}

TEST(Dispatch, DropsWeightsThatAreNotNumbersFirst) {
  const auto backend = MakeCpuBackend(1);
  const std::vector<int32_t> expert = {0, 0, 0, 0, 0, 0};
  const std::vector<float> weight = {kNaN, 0.1f, kNaN, 0.2f, kNaN, 0.3f};
  PlannedRows rows(6, 1, 1);
  backend->PlanDispatch(rows.dispatch, ConstTensor(expert.data(), {6, 1}),
                        ConstTensor(weight.data(), {6, 1}), 4, DropPolicy::kProbs);
  EXPECT_EQ(rows.assignment_of, (std::vector<int32_t>{0, 1, 3, 5, -1, -1}));
}

}  // namespace
}  // namespace upcycle
