#include "tests/kernels/expert_chain.h"

#include <cmath>

#include <fmt/format.h>

#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

struct Inputs {
  Array x, logits, in, down, d_out;
};

Inputs RandomInputs(const ExpertChain& c, const std::string& name, DataType type) {
  return {
      Random(type, {c.tokens, c.width}, name + "/x"),
      Random({c.tokens, c.experts}, name + "/logits"),
      Random(type, {c.experts, ActivationInputs(c.activation, c.hidden), c.width}, name + "/in"),
      Random(type, {c.experts, c.width, c.hidden}, name + "/down"),
      Random(type, {c.tokens, c.width}, name + "/d_out")};
}

// The chain's values, named as the arguments of Run below.
struct Values {
  reference::Routed routed;
  reference::Planned plan;
  Array rows, row_weight, inner, hidden, out_rows, out;
  Array d_out_rows, d_hidden, d_inner, d_row_weight, d_rows, d_x, d_weight, d_in, d_down;
};

// What a product leaves alone is NaN, but zero where rows are padded.
Array AsOnPath(Array rows, const reference::Planned& plan, ExpertPath path) {
  if (path != ExpertPath::kPadded) return rows;
  for (int64_t i = 0; i < rows.size(); ++i) {
    if (plan.assignment_of(i / rows.dim(1)) < 0) rows(i) = 0;
  }
  return rows;
}

// `hidden` with NaN where its row of `inner` is: comparisons in the plain equation lose it.
Array KeepNaN(Array hidden, const Array& inner) {
  for (int64_t i = 0; i < hidden.size(); ++i) {
    if (std::isnan(inner(i / hidden.dim(1), 0))) hidden(i) = std::nan("");
  }
  return hidden;
}

Values Compute(const ExpertChain& c, ExpertPath path, const Inputs& inputs) {
  using namespace reference;  // NOLINT: its functions are named as the ops
  Values v;
  v.routed = RouterForward(inputs.logits, c.top_k, RoutingOrder::kSoftmaxThenTopk);
  v.plan = PlanDispatch(v.routed.expert, v.routed.weight, c.experts, c.capacity, DropPolicy::kProbs,
                        path);
  v.rows = GatherRows(inputs.x, v.plan);
  v.row_weight = GatherWeights(v.routed.weight, v.plan);
  v.inner = AsOnPath(ExpertMatMul(v.rows, inputs.in, v.plan), v.plan, path);
  v.hidden = KeepNaN(ActivationForward(v.inner, v.row_weight, c.activation), v.inner);
  v.out_rows = AsOnPath(ExpertMatMul(v.hidden, inputs.down, v.plan), v.plan, path);
  v.out = CombineRows(v.out_rows, v.plan);

  v.d_out_rows = GatherRows(inputs.d_out, v.plan);
  v.d_down = ExpertMatMulBackwardWeights(v.d_out_rows, v.hidden, v.plan);
  v.d_hidden = AsOnPath(ExpertMatMulBackwardRows(v.d_out_rows, inputs.down, v.plan), v.plan, path);
  const ActivationGradients gradients =
      ActivationBackward(v.d_hidden, v.inner, v.row_weight, c.activation);
  v.d_inner = gradients.d_x;
  v.d_row_weight = gradients.d_row_weight;
  v.d_in = ExpertMatMulBackwardWeights(v.d_inner, v.rows, v.plan);
  v.d_rows = AsOnPath(ExpertMatMulBackwardRows(v.d_inner, inputs.in, v.plan), v.plan, path);
  v.d_x = CombineRows(v.d_rows, v.plan);
  v.d_weight = ScatterWeights(v.d_row_weight, v.plan);
  return v;
}

void Run(const ExpertChain& c, ExpertPath path, Backend& backend, const std::vector<Tensor>& t) {
  const Routing routing = {t[0], t[1], t[2], t[3]};
  const Dispatch dispatch = {t[4], t[5], t[6], t[7], path};
  const Tensor rows = t[8], row_weight = t[9], inner = t[10], hidden = t[11], out_rows = t[12];
  const Tensor out = t[13], d_out_rows = t[14], d_hidden = t[15], d_inner = t[16];
  const Tensor d_row_weight = t[17], d_rows = t[18], d_x = t[19], d_weight = t[20], d_in = t[21];
  const Tensor d_down = t[22], x = t[23], logits = t[24], in = t[25], down = t[26], d_out = t[27];
  backend.RouterForward(routing, logits, RoutingOrder::kSoftmaxThenTopk);
  backend.PlanDispatch(dispatch, routing.expert, routing.weight, c.capacity, DropPolicy::kProbs);
  backend.GatherRows(rows, x, dispatch);
  backend.GatherWeights(row_weight, routing.weight, dispatch);
  backend.ExpertMatMul(inner, rows, in, dispatch);
  backend.ActivationForward(hidden, inner, row_weight, c.activation);
  backend.ExpertMatMul(out_rows, hidden, down, dispatch);
  backend.CombineRows(out, out_rows, dispatch);

  backend.GatherRows(d_out_rows, d_out, dispatch);
  backend.ExpertMatMulBackwardWeights(d_down, d_out_rows, hidden, dispatch);
  backend.ExpertMatMulBackwardRows(d_hidden, d_out_rows, down, dispatch);
  backend.ActivationBackward(d_inner, d_row_weight, d_hidden, inner, row_weight, c.activation);
  backend.ExpertMatMulBackwardWeights(d_in, d_inner, rows, dispatch);
  backend.ExpertMatMulBackwardRows(d_rows, d_inner, in, dispatch);
  backend.CombineRows(d_x, d_rows, dispatch);
  backend.ScatterWeights(d_weight, d_row_weight, dispatch);
}

}  // namespace

OpCase MakeExpertChain(const ExpertChain& chain, ExpertPath path, const std::string& inputs,
                       DataType type) {
  const Inputs given = RandomInputs(chain, inputs, type);
  const Values v = Compute(chain, path, given);
  OpCase made(
      fmt::format("experts n={} E={} T={} C={} D={} F={} path {}", chain.tokens, chain.experts,
                  chain.top_k, chain.capacity, chain.width, chain.hidden, static_cast<int>(path)),
      type);
  made.OutFloats(v.routed.probabilities).OutFloats(v.routed.log_sum_exp);
  made.OutInts(v.routed.expert).OutFloats(v.routed.weight);
  made.OutInts(v.plan.counts).OutInts(v.plan.offsets);
  made.OutInts(v.plan.row_of).OutInts(v.plan.assignment_of);
  made.Out(v.rows).OutFloats(v.row_weight).Out(v.inner).Out(v.hidden).Out(v.out_rows).Out(v.out);
  made.Out(v.d_out_rows).Out(v.d_hidden, kGradientError).Out(v.d_inner, kGradientError);
  made.OutFloats(v.d_row_weight, kGradientError).Out(v.d_rows, kGradientError);
  made.Out(v.d_x, kGradientError).OutFloats(v.d_weight, kGradientError);
  made.AccumulatesFloats(v.d_in).AccumulatesFloats(v.d_down);
  made.In(given.x).InFloats(given.logits).In(given.in).In(given.down).In(given.d_out);
  made.Calls([chain, path](Backend& backend, const std::vector<Tensor>& t) {
    Run(chain, path, backend, t);
  });
  return made;
}

std::vector<ExpertChain> ExpertChains() {
  constexpr auto kSwiGlu = Activation::kSwiGlu, kSquaredRelu = Activation::kSquaredRelu;
  return {{1, 4, 1, 1, 8, 16, kSwiGlu},     {1, 3, 2, 5, 3, 2, kSquaredRelu},
          {23, 4, 2, 8, 16, 24, kSwiGlu},   {23, 4, 2, 23, 13, 5, kSwiGlu},
          {9, 4, 2, 1, 8, 8, kSquaredRelu}, {40, 6, 1, 5, 7, 24, kSquaredRelu}};
}

}  // namespace upcycle
