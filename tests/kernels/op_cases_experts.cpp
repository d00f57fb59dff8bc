// Cases of routing, dispatch and losses.
#include <cmath>

#include <fmt/format.h>

#include "tests/kernels/op_cases.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

using Tensors = std::vector<Tensor>;

struct RouterShape {
  int64_t tokens;
  int64_t experts;
  int64_t top_k;
  int64_t spans;
};

// What experts are chosen by.
enum class By { kLogits, kBias, kRanks };

struct RouterCase {
  RouterShape shape;
  Scoring scoring;
  By by;
  Array logits;
  Array bias;   // of kBias
  Array ranks;  // what the reference goes by

  std::string Name() const {
    constexpr const char* kBy[] = {"", " bias", " ranks"};
    return fmt::format("n={} E={} T={} {} {}{}", shape.tokens, shape.experts, shape.top_k,
                       NameOf(scoring.order), NameOf(scoring.score), kBy[static_cast<int>(by)]);
  }
  bool sigmoid() const { return scoring.score == RouterScore::kSigmoid; }
  reference::Routed Routed() const {
    return reference::RouterForward(logits, shape.top_k, scoring, ranks);
  }
};

RouterCase MakeRouterCase(const RouterShape& s, const Scoring& scoring, By by) {
  RouterCase made = {s, scoring, by, Random({s.tokens, s.experts}, "logits", 2), {}, {}};
  if (by == By::kRanks) made.ranks = Random({s.tokens, s.experts}, "ranks");
  if (by == By::kBias) {
    made.bias = Random({s.experts}, "bias", 0.125);
    made.ranks = reference::RanksWithBias(made.logits, made.bias, scoring.score);
  }
  return made;
}

OpCase RouterForwardCase(const RouterCase& c) {
  const auto routed = c.Routed();
  OpCase forward("RouterForward " + c.Name());
  forward.OutFloats(routed.probabilities)
      .OutFloats(routed.log_sum_exp)
      .OutInts(routed.expert)
      .OutFloats(routed.weight);
  c.sigmoid() ? forward.OutFloats(c.logits) : forward.Missing();
  forward.InFloats(c.logits);
  c.by == By::kRanks ? forward.InFloats(c.ranks).Optional() : forward.Missing();
  c.by == By::kBias ? forward.InFloats(c.bias).Optional() : forward.Missing();
  forward.Calls([scoring = c.scoring](Backend& backend, const Tensors& t) {
    backend.RouterForward({t[0], t[1], t[2], t[3], t[4]}, t[5], scoring, {t[6], t[7]});
  });
  return forward;
}

OpCase RouterBackwardCase(const RouterCase& c, bool balanced, double z_factor) {
  const auto routed = c.Routed();
  const RouterShape& s = c.shape;
  const Array d_weight = Random({s.tokens, s.top_k}, "d_weight");
  const Array balance = balanced ? Random({s.spans, s.experts}, "balance") : Array();
  OpCase backward(fmt::format("RouterBackward {} S={} balanced={} z={}", c.Name(), s.spans,
                              balanced, z_factor));
  backward
      .OutFloats(
          reference::RouterBackward(c.logits, d_weight, balance, z_factor, c.scoring, c.ranks),
          kGradientError)
      .InFloats(routed.probabilities)
      .InFloats(routed.log_sum_exp)
      .Ints(routed.expert)
      .InFloats(routed.weight);
  c.sigmoid() ? backward.InFloats(c.logits) : backward.Missing();
  backward.InFloats(d_weight);
  balanced ? backward.InFloats(balance).Optional() : backward.Missing();
  backward.Calls([z_factor, scoring = c.scoring](Backend& backend, const Tensors& t) {
    backend.RouterBackward(t[0], {t[1], t[2], t[3], t[4], t[5]}, t[6], t[7], z_factor, scoring);
  });
  return backward;
}

void AddRouterCases(std::vector<OpCase>& cases, const RouterShape& s) {
  for (const RouterScore score : {RouterScore::kSoftmax, RouterScore::kSigmoid}) {
    for (const RoutingOrder order :
         {RoutingOrder::kSoftmaxThenTopk, RoutingOrder::kTopkThenSoftmax}) {
      for (const By by : {By::kLogits, By::kBias, By::kRanks}) {
        const RouterCase made = MakeRouterCase(s, {order, score}, by);
        cases.push_back(RouterForwardCase(made));
        cases.push_back(RouterBackwardCase(made, true, 0.3));
        if (by != By::kLogits) continue;
        cases.push_back(RouterBackwardCase(made, false, 0));
        cases.push_back(RouterBackwardCase(made, true, 0));
      }
    }
  }
}

void AddLogitCases(std::vector<OpCase>& cases, const RouterShape& s) {
  const Array logits = Random({s.tokens, s.experts}, "logits", 2);
  const std::string name = fmt::format("n={} E={}", s.tokens, s.experts);
  const double scale = 1.5;
  const auto normalized = reference::NormalizeLogits(logits, scale);
  cases.push_back(OpCase("NormalizeLogits " + name));
  cases.back()
      .InOutFloats(logits, normalized.logits, kForwardError)
      .OutFloats(normalized.rstd)
      .Calls([scale](Backend& backend, const Tensors& t) {
        backend.NormalizeLogits(t[0], t[1], scale);
      });
  const Array d_out = Random({s.tokens, s.experts}, "d_out");
  cases.push_back(OpCase("NormalizeLogitsBackward " + name));
  cases.back()
      .InOutFloats(d_out, reference::NormalizeLogitsBackward(d_out, logits, scale))
      .InFloats(normalized.logits)
      .InFloats(normalized.rstd)
      .Calls([scale](Backend& backend, const Tensors& t) {
        backend.NormalizeLogitsBackward(t[0], t[1], t[2], scale);
      });
  const auto sinkhorn = reference::SinkhornRanks(logits, 5);
  cases.push_back(OpCase("SinkhornRanks " + name));
  cases.back()
      .OutFloats(sinkhorn.ranks)
      .OutFloats(sinkhorn.columns)
      .InFloats(logits)
      .Calls(
          [](Backend& backend, const Tensors& t) { backend.SinkhornRanks(t[0], t[1], t[2], 5); });
}

void AddNoiseCases(std::vector<OpCase>& cases, const RouterShape& s) {
  const Array x = Random({s.tokens, s.experts}, "x"), d = Random(x.shape, "d");
  const Array spread = Random(x.shape, "spread", 2), key({2}, {123456789, -987654321});
  const auto noise = reference::RouterNoise(spread, key);
  const std::string name = fmt::format("n={} E={}", s.tokens, s.experts);
  cases.push_back(OpCase("Jitter " + name));
  cases.back()
      .InOutFloats(x, reference::Jitter(x, key, 0.25), kForwardError)
      .Ints(key)
      .Calls([](Backend& backend, const Tensors& t) { backend.Jitter(t[0], t[1], 0.25); });
  cases.push_back(OpCase("AddRouterNoise " + name));
  cases.back()
      .InOutFloats(x, Sum(x, noise.added), kForwardError)
      .InFloats(spread)
      .Ints(key)
      .Calls([](Backend& backend, const Tensors& t) { backend.AddRouterNoise(t[0], t[1], t[2]); });
  Array d_spread = noise.slope;
  for (int64_t i = 0; i < d.size(); ++i) d_spread(i) *= d(i);
  cases.push_back(OpCase("RouterNoiseBackward " + name));
  cases.back()
      .InOutFloats(spread, d_spread)
      .InFloats(d)
      .Ints(key)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.RouterNoiseBackward(t[0], t[1], t[2]);
      });
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

std::vector<OpCase> RouterCases(DataType) {
  std::vector<OpCase> cases;
  for (const RouterShape& s :
       {RouterShape{1, 1, 1, 1}, RouterShape{1, 8, 2, 1}, RouterShape{6, 3, 3, 2},
        RouterShape{40, 8, 2, 4}, RouterShape{33, 64, 8, 1}, RouterShape{600, 17, 5, 3},
        RouterShape{3000, 8, 1, 1}}) {
    AddRouterCases(cases, s);
    AddLogitCases(cases, s);
    AddNoiseCases(cases, s);
    AddBalanceCases(cases, s, Random({s.tokens, s.experts}, "logits", 2));
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
  for (const int64_t vocabulary : {1, 3, 700, 5000}) {
    // So few values that the largest comes more than once.
    const Array logits = RandomInts({23, vocabulary}, "logits", -3, 3);
    cases.push_back(OpCase(fmt::format("ArgMax V={}", vocabulary), type));
    cases.back()
        .OutInts(reference::ArgMax(logits))
        .In(logits)
        .Calls([](Backend& backend, const Tensors& t) { backend.ArgMax(t[0], t[1]); });
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
