// Cases of routing, dispatch and losses.
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
