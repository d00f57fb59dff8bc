// Cases of routing, dispatch, experts and losses.
#include <cmath>

#include <fmt/format.h>

#include "tests/kernels/op_cases.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

using Tensors = std::vector<Tensor>;

const char* NameOfOrder(RoutingOrder order) {
  return order == RoutingOrder::kSoftmaxThenTopk ? "softmax_then_topk" : "topk_then_softmax";
}

struct RouterShape {
  int64_t tokens;
  int64_t experts;
  int64_t top_k;
  int64_t spans;
};

OpCase RouterForwardCase(const RouterShape& s, const Array& logits, RoutingOrder order) {
  const auto routed = reference::RouterForward(logits, s.top_k, order);
  OpCase forward(fmt::format("RouterForward n={} E={} T={} {}", s.tokens, s.experts, s.top_k,
                             NameOfOrder(order)));
  forward.OutFloats(routed.probabilities)
      .OutFloats(routed.log_sum_exp)
      .OutInts(routed.expert)
      .OutFloats(routed.weight)
      .InFloats(logits)
      .Calls([order](Backend& backend, const Tensors& t) {
        backend.RouterForward({t[0], t[1], t[2], t[3]}, t[4], order);
      });
  return forward;
}

OpCase RouterBackwardCase(const RouterShape& s, const Array& logits, bool balanced, double z_factor,
                          RoutingOrder order, DataType type) {
  const auto routed = reference::RouterForward(logits, s.top_k, order);
  const Array d_weight = Random({s.tokens, s.top_k}, "d_weight");
  const Array balance = balanced ? Random({s.spans, s.experts}, "balance") : Array();
  OpCase backward(fmt::format("RouterBackward n={} E={} T={} S={} balanced={} z={} {}", s.tokens,
                              s.experts, s.top_k, s.spans, balanced, z_factor, NameOfOrder(order)),
                  type);
  backward
      .Out(reference::RouterBackward(logits, d_weight, balance, z_factor, order), kGradientError)
      .InFloats(routed.probabilities)
      .InFloats(routed.log_sum_exp)
      .Ints(routed.expert)
      .InFloats(routed.weight)
      .InFloats(d_weight);
  balanced ? backward.InFloats(balance).Optional() : backward.Missing();
  backward.Calls([=](Backend& backend, const Tensors& t) {
    backend.RouterBackward(t[0], {t[1], t[2], t[3], t[4]}, t[5], t[6], z_factor, order);
  });
  return backward;
}

void AddBalanceCases(std::vector<OpCase>& cases, const RouterShape& s, const Array& logits) {
  const auto routed = reference::RouterForward(logits, s.top_k, RoutingOrder::kSoftmaxThenTopk);
  const Array counts = reference::CountAssignments(routed.expert, s.spans, s.experts);
  const double factor = 0.01 * static_cast<double>(s.experts) / static_cast<double>(s.tokens);
  const Array gradient = reference::BalanceGradient(counts, factor);
  const std::string name =
      fmt::format("n={} E={} T={} S={}", s.tokens, s.experts, s.top_k, s.spans);
  cases.push_back(OpCase("CountAssignments " + name));
  cases.back().OutInts(counts).Ints(routed.expert).Calls([](Backend& backend, const Tensors& t) {
    backend.CountAssignments(t[0], t[1]);
  });
  cases.push_back(OpCase("BalanceLoss " + name));
  cases.back()
      .OutFloats(Array({1}, reference::BalanceLoss(gradient, routed.probabilities)))
      .OutFloats(gradient)
      .InFloats(routed.probabilities)
      .Ints(counts)
      .Calls([factor](Backend& backend, const Tensors& t) {
        backend.BalanceLoss(t[0], t[1], t[2], t[3], factor);
      });
  cases.push_back(OpCase("RouterZLoss " + name));
  cases.back()
      .OutFloats(Array({1}, reference::RouterZLoss(routed.log_sum_exp, factor)))
      .InFloats(routed.log_sum_exp)
      .Calls([factor](Backend& backend, const Tensors& t) {
        backend.RouterZLoss(t[0], t[1], factor);
      });
}

}  // namespace

std::vector<OpCase> RouterCases(DataType type) {
  std::vector<OpCase> cases;
  for (const RouterShape& s :
       {RouterShape{1, 1, 1, 1}, RouterShape{1, 8, 2, 1}, RouterShape{6, 3, 3, 2},
        RouterShape{40, 8, 2, 4}, RouterShape{33, 64, 8, 1}, RouterShape{600, 17, 5, 3},
        RouterShape{3000, 8, 1, 1}}) {
    const Array logits = Random({s.tokens, s.experts}, "logits", 2);
    for (const RoutingOrder order :
         {RoutingOrder::kSoftmaxThenTopk, RoutingOrder::kTopkThenSoftmax}) {
      cases.push_back(RouterForwardCase(s, logits, order));
      cases.push_back(RouterBackwardCase(s, logits, false, 0, order, type));
      cases.push_back(RouterBackwardCase(s, logits, true, 0, order, type));
      cases.push_back(RouterBackwardCase(s, logits, true, 0.3, order, type));
    }
    AddBalanceCases(cases, s, logits);
  }
  return cases;
}

// ---------------------------------------------------------------------------------------- experts

namespace {

constexpr double kNothing = 0;  // integers and copies are exact

struct ExpertShape {
  const char* name;
  int64_t tokens;
  int64_t experts;
  int64_t top_k;
  int64_t capacity;
  bool all_on_one = false;

  std::string Name(const char* op, DropPolicy policy, int64_t width) const {
    return fmt::format("{} {}: n={} E={} T={} C={} {} D={}", op, name, tokens, experts, top_k,
                       capacity, policy == DropPolicy::kProbs ? "probs" : "position", width);
  }
};

constexpr ExpertShape kExpertShapes[] = {
    {"single", 1, 1, 1, 1},
    {"dropless", 37, 5, 2, 37},
    {"some drops", 64, 8, 2, 14},
    {"capacity 0", 9, 4, 2, 0},
    {"all on one", 50, 4, 1, 50, true},
    {"all on one, most dropped", 50, 4, 1, 7, true},
    {"more experts than assignments", 3, 16, 2, 3},
    {"many rows", 1500, 3, 2, 800},
};

struct ExpertCase {
  Array expert;
  Array weight;
  reference::Planned plan;
};

ExpertCase MakeExpertCase(const ExpertShape& s, DropPolicy policy) {
  const Array logits = s.all_on_one ? Array({s.tokens, s.experts})
                                    : Random({s.tokens, s.experts}, "dispatch/logits");
  const auto routed = reference::RouterForward(logits, s.top_k, RoutingOrder::kSoftmaxThenTopk);
  ExpertCase made = {routed.expert, Random({s.tokens, s.top_k}, "dispatch/weight"), {}};
  made.plan = reference::PlanDispatch(made.expert, made.weight, s.experts, s.capacity, policy);
  return made;
}

// The dispatch as the next four arguments of a call.
OpCase& WithPlan(OpCase& op_case, const reference::Planned& plan) {
  return op_case.Ints(plan.counts).Ints(plan.offsets).Ints(plan.row_of).Ints(plan.assignment_of);
}

Dispatch DispatchFrom(const Tensors& t, size_t first) {
  return {t[first], t[first + 1], t[first + 2], t[first + 3]};
}

OpCase PlanDispatchCase(const ExpertShape& s, const ExpertCase& made, DropPolicy policy) {
  OpCase plan(s.Name("PlanDispatch", policy, 0));
  plan.OutInts(made.plan.counts)
      .OutInts(made.plan.offsets)
      .OutInts(made.plan.row_of)
      .OutInts(made.plan.assignment_of)
      .Ints(made.expert)
      .InFloats(made.weight)
      .Calls([capacity = s.capacity, policy](Backend& backend, const Tensors& t) {
        backend.PlanDispatch(DispatchFrom(t, 0), t[4], t[5], capacity, policy);
      });
  return plan;
}

void AddRowCases(std::vector<OpCase>& cases, const ExpertShape& s, const ExpertCase& made,
                 DropPolicy policy, int64_t width, DataType type) {
  const Array x = Random(type, {s.tokens, width}, "x");
  const Array rows = Random(type, {s.tokens * s.top_k, width}, "rows");
  cases.push_back(OpCase(s.Name("GatherRows", policy, width), type));
  WithPlan(cases.back().Out(reference::GatherRows(x, made.plan), kNothing).In(x), made.plan)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.GatherRows(t[0], t[1], DispatchFrom(t, 2));
      });
  const Array combined = reference::CombineRows(rows, made.plan);
  cases.push_back(OpCase(s.Name("CombineRows", policy, width), type));
  WithPlan(cases.back().Out(combined).In(rows), made.plan)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.CombineRows(t[0], t[1], DispatchFrom(t, 2));
      });
  cases.push_back(OpCase(s.Name("CombineRows, accumulating", policy, width), type));
  WithPlan(cases.back().Accumulates(combined, kForwardError).In(rows), made.plan)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.CombineRows(t[0], t[1], DispatchFrom(t, 2), Accumulate::kYes);
      });
}

void AddWeightCases(std::vector<OpCase>& cases, const ExpertShape& s, const ExpertCase& made,
                    DropPolicy policy) {
  const Array d_row_weight = Random({s.tokens * s.top_k}, "d_row_weight");
  cases.push_back(OpCase(s.Name("GatherWeights", policy, 0)));
  WithPlan(cases.back()
               .OutFloats(reference::GatherWeights(made.weight, made.plan), kNothing)
               .InFloats(made.weight),
           made.plan)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.GatherWeights(t[0], t[1], DispatchFrom(t, 2));
      });
  cases.push_back(OpCase(s.Name("ScatterWeights", policy, 0)));
  WithPlan(cases.back()
               .OutFloats(reference::ScatterWeights(d_row_weight, made.plan), kNothing)
               .InFloats(d_row_weight),
           made.plan)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.ScatterWeights(t[0], t[1], DispatchFrom(t, 2));
      });
}

void AddExpertMatMulCases(std::vector<OpCase>& cases, const ExpertShape& s, const ExpertCase& made,
                          int64_t inputs, int64_t outputs, DataType type) {
  const int64_t row_count = s.tokens * s.top_k;
  const Array rows = Random(type, {row_count, inputs}, "rows");
  const Array d_out = Random(type, {row_count, outputs}, "d_out");
  const Array weights = Random(type, {s.experts, outputs, inputs}, "weights");
  const DropPolicy policy = DropPolicy::kProbs;
  cases.push_back(OpCase(s.Name("ExpertMatMul", policy, inputs), type));
  WithPlan(cases.back().Out(reference::ExpertMatMul(rows, weights, made.plan)).In(rows).In(weights),
           made.plan)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.ExpertMatMul(t[0], t[1], t[2], DispatchFrom(t, 3));
      });
  cases.push_back(OpCase(s.Name("ExpertMatMulBackwardRows", policy, inputs), type));
  WithPlan(cases.back()
               .Out(reference::ExpertMatMulBackwardRows(d_out, weights, made.plan), kGradientError)
               .In(d_out)
               .In(weights),
           made.plan)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.ExpertMatMulBackwardRows(t[0], t[1], t[2], DispatchFrom(t, 3));
      });
  cases.push_back(OpCase(s.Name("ExpertMatMulBackwardWeights", policy, inputs), type));
  WithPlan(cases.back()
               .AccumulatesFloats(reference::ExpertMatMulBackwardWeights(d_out, rows, made.plan))
               .In(d_out)
               .In(rows),
           made.plan)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.ExpertMatMulBackwardWeights(t[0], t[1], t[2], DispatchFrom(t, 3));
      });
}

}  // namespace

std::vector<OpCase> DispatchCases(DataType type) {
  std::vector<OpCase> cases;
  for (const ExpertShape& s : kExpertShapes) {
    for (const DropPolicy policy : {DropPolicy::kProbs, DropPolicy::kPosition}) {
      const ExpertCase made = MakeExpertCase(s, policy);
      cases.push_back(PlanDispatchCase(s, made, policy));
      for (const int64_t width : {1, 19, 64}) AddRowCases(cases, s, made, policy, width, type);
      AddWeightCases(cases, s, made, policy);
    }
  }
  return cases;
}

std::vector<OpCase> ExpertMatMulCases(DataType type) {
  std::vector<OpCase> cases;
  for (const ExpertShape& s : kExpertShapes) {
    const ExpertCase made = MakeExpertCase(s, DropPolicy::kProbs);
    AddExpertMatMulCases(cases, s, made, 1, 1, type);
    AddExpertMatMulCases(cases, s, made, 13, 20, type);
    AddExpertMatMulCases(cases, s, made, 33, 6, type);
    AddExpertMatMulCases(cases, s, made, 16, 24, type);
  }
  // Several tiles of a GPU in each direction.
  for (const ExpertShape& s : {ExpertShape{"several tiles", 300, 2, 2, 290}}) {
    AddExpertMatMulCases(cases, s, MakeExpertCase(s, DropPolicy::kProbs), 72, 264, type);
  }
  return cases;
}

// ------------------------------------------------------------------------------ loss and optimizer

std::vector<OpCase> LossCases(DataType type) {
  std::vector<OpCase> cases;
  for (const int64_t vocabulary : {1, 2, 17, 300, 5000}) {
    for (const int64_t tokens : {1, 7, 90}) {
      const Array logits = Random(type, {tokens, vocabulary}, "logits", 3);
      const Array targets = RandomInts({tokens}, "targets", -1, vocabulary);
      const Array losses = reference::CrossEntropyForward(logits, targets);
      const double scale = 1.0 / static_cast<double>(tokens);
      cases.push_back(
          OpCase(fmt::format("CrossEntropyForward n={} V={}", tokens, vocabulary), type));
      cases.back().OutFloats(losses).In(logits).Ints(targets).Calls(
          [](Backend& backend, const Tensors& t) {
            backend.CrossEntropyForward(t[0], t[1], t[2]);
          });
      cases.push_back(
          OpCase(fmt::format("CrossEntropyBackward n={} V={}", tokens, vocabulary), type));
      cases.back()
          .OutFloats(losses)
          .InOut(logits, reference::CrossEntropyBackward(logits, targets, scale))
          .Ints(targets)
          .Calls([scale](Backend& backend, const Tensors& t) {
            backend.CrossEntropyBackward(t[0], t[1], t[2], scale);
          });
    }
  }
  for (const int64_t count : {1, 5, 1000, 100003}) {
    const Array x = Random({count}, "x");
    double total = 0, squares = 0;
    for (const double value : x.values) {
      total += value;
      squares += value * value;
    }
    cases.push_back(OpCase(fmt::format("Sum count={}", count)));
    cases.back()
        .OutFloats(Array({1}, total))
        .InFloats(x)
        .Calls([](Backend& backend, const Tensors& t) { backend.Sum(t[0], t[1]); });
    cases.push_back(OpCase(fmt::format("GradientNorm count={}", count)));
    cases.back()
        .OutFloats(Array({1}, std::sqrt(squares)))
        .InFloats(x)
        .Calls([](Backend& backend, const Tensors& t) { backend.GradientNorm(t[0], t[1]); });
  }
  return cases;
}

}  // namespace upcycle
