// The checked fronts of routing, dispatch and experts.
#include <cstdint>
#include <limits>

#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/tensor_checks.h"

namespace upcycle {
namespace {

void CheckRouting(const Routing& routing, const Scoring& scoring) {
  CheckRank("probabilities", routing.probabilities, 2);
  CheckRank("expert", routing.expert, 2);
  const int64_t tokens = routing.probabilities.dim(0);
  const int64_t experts = routing.probabilities.dim(1);
  const int64_t top_k = routing.expert.dim(1);
  UPCYCLE_CHECK(top_k >= 1 && top_k <= experts);
  CheckFloats("probabilities", routing.probabilities, {tokens, experts});
  CheckFloats("log_sum_exp", routing.log_sum_exp, {tokens});
  CheckInts("expert", routing.expert, {tokens, top_k});
  CheckFloats("weight", routing.weight, {tokens, top_k});
  if (scoring.score == RouterScore::kSigmoid) {
    CheckFloats("logits", routing.logits, {tokens, experts});
  }
}

void CheckSpans(int64_t tokens, int64_t spans) {
  UPCYCLE_CHECK(spans >= 1);
  UPCYCLE_CHECK_EQ(tokens % spans, 0);
}

void CheckDispatch(const Dispatch& dispatch) {
  CheckRank("counts", dispatch.counts, 1);
  CheckRank("row_of", dispatch.row_of, 2);
  UPCYCLE_CHECK(dispatch.row_of.dim(1) >= 1);
  constexpr int64_t kMostRows = std::numeric_limits<int32_t>::max();
  const int64_t rows =
      dispatch.path == ExpertPath::kPadded ? dispatch.assignment_of.size() : dispatch.row_of.size();
  UPCYCLE_CHECK(dispatch.row_of.size() <= kMostRows && rows <= kMostRows);
  CheckInts("counts", dispatch.counts, {dispatch.counts.dim(0)});
  CheckInts("offsets", dispatch.offsets, {dispatch.counts.dim(0)});
  CheckInts("row_of", dispatch.row_of, {dispatch.row_of.dim(0), dispatch.row_of.dim(1)});
  CheckInts("assignment_of", dispatch.assignment_of, {rows});
  if (dispatch.path == ExpertPath::kPadded) {
    UPCYCLE_CHECK(dispatch.counts.size() >= 1);
    UPCYCLE_CHECK_EQ(rows % dispatch.counts.size(), 0);
  }
}

// rows [R, I] and out [R, O] of one product with weights [E, O, I].
void CheckExpertMatMul(DataType type, ConstTensor rows, ConstTensor out, ConstTensor weights,
                       DataType weight_type, const Dispatch& dispatch) {
  CheckDispatch(dispatch);
  CheckRank("weights", weights, 3);
  const int64_t row_count = dispatch.assignment_of.dim(0);
  CheckTensor("weights", weights, weight_type,
              {dispatch.counts.dim(0), weights.dim(1), weights.dim(2)});
  CheckTensor("rows", rows, type, {row_count, weights.dim(2)});
  CheckTensor("out", out, type, {row_count, weights.dim(1)});
}

}  // namespace

// ----------------------------------------------------------------------------------------- router

void Backend::Jitter(Tensor x, ConstTensor key, double amplitude) {
  CheckFloats("x", x, x.shape());
  CheckInts("key", key, {2});
  UPCYCLE_CHECK(amplitude >= 0 && amplitude <= 1);
  DoJitter(x, key, amplitude);
}

void Backend::AddRouterNoise(Tensor logits, ConstTensor spread, ConstTensor key) {
  CheckRank("logits", logits, 2);
  CheckFloats("logits", logits, {logits.dim(0), logits.dim(1)});
  CheckFloats("spread", spread, logits.shape());
  CheckInts("key", key, {2});
  CheckApart("logits", logits, {spread});
  DoAddRouterNoise(logits, spread, key);
}

void Backend::RouterNoiseBackward(Tensor spread, ConstTensor d_logits, ConstTensor key) {
  CheckRank("spread", spread, 2);
  CheckFloats("spread", spread, {spread.dim(0), spread.dim(1)});
  CheckFloats("d_logits", d_logits, spread.shape());
  CheckInts("key", key, {2});
  CheckApart("spread", spread, {d_logits});
  DoRouterNoiseBackward(spread, d_logits, key);
}

void Backend::NormalizeLogits(Tensor logits, Tensor rstd, double scale) {
  CheckRank("logits", logits, 2);
  UPCYCLE_CHECK(logits.dim(1) >= 1 && scale > 0);
  CheckFloats("logits", logits, {logits.dim(0), logits.dim(1)});
  CheckFloats("rstd", rstd, {logits.dim(0)});
  DoNormalizeLogits(logits, rstd, scale);
}

void Backend::NormalizeLogitsBackward(Tensor d_logits, ConstTensor logits, ConstTensor rstd,
                                      double scale) {
  CheckRank("logits", logits, 2);
  UPCYCLE_CHECK(logits.dim(1) >= 1 && scale > 0);
  CheckFloats("logits", logits, {logits.dim(0), logits.dim(1)});
  CheckFloats("d_logits", d_logits, logits.shape());
  CheckFloats("rstd", rstd, {logits.dim(0)});
  CheckApart("d_logits", d_logits, {logits});
  DoNormalizeLogitsBackward(d_logits, logits, rstd, scale);
}

void Backend::SinkhornRanks(Tensor ranks, Tensor columns, ConstTensor logits, int64_t rounds) {
  CheckRank("logits", logits, 2);
  UPCYCLE_CHECK(logits.dim(1) >= 1 && rounds >= 1);
  CheckFloats("logits", logits, {logits.dim(0), logits.dim(1)});
  CheckFloats("ranks", ranks, logits.shape());
  CheckFloats("columns", columns, {logits.dim(1)});
  CheckApart("ranks", ranks, {logits});
  DoSinkhornRanks(ranks, columns, logits, rounds);
}

void Backend::RouterForward(const Routing& routing, ConstTensor logits, const Scoring& scoring,
                            const ExpertRanks& ranks) {
  CheckRouting(routing, scoring);
  CheckFloats("logits", logits, routing.probabilities.shape());
  UPCYCLE_CHECK(ranks.values.empty() || ranks.bias.empty());
  if (!ranks.values.empty()) CheckFloats("ranks", ranks.values, logits.shape());
  if (!ranks.bias.empty()) CheckFloats("bias", ranks.bias, {logits.dim(1)});
  CheckApart("probabilities", routing.probabilities, {logits, ranks.values});
  DoRouterForward(routing, logits, scoring, ranks);
}

void Backend::RouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                             ConstTensor balance_gradient, double z_factor,
                             const Scoring& scoring) {
  CheckRouting(routing, scoring);
  CheckFloats("d_logits", d_logits, routing.probabilities.shape());
  CheckFloats("d_weight", d_weight, routing.expert.shape());
  if (!balance_gradient.empty()) {
    CheckRank("balance_gradient", balance_gradient, 2);
    CheckSpans(d_logits.dim(0), balance_gradient.dim(0));
    CheckFloats("balance_gradient", balance_gradient, {balance_gradient.dim(0), d_logits.dim(1)});
  }
  CheckApart("d_logits", d_logits, {routing.probabilities, d_weight, routing.logits});
  DoRouterBackward(d_logits, routing, d_weight, balance_gradient, z_factor, scoring);
}

void Backend::CountAssignments(Tensor counts, ConstTensor expert) {
  CheckRank("counts", counts, 2);
  CheckRank("expert", expert, 2);
  CheckSpans(expert.dim(0), counts.dim(0));
  CheckInts("counts", counts, {counts.dim(0), counts.dim(1)});
  CheckInts("expert", expert, {expert.dim(0), expert.dim(1)});
  DoCountAssignments(counts, expert);
}

void Backend::BalanceLoss(Tensor loss, Tensor gradient, ConstTensor probabilities,
                          ConstTensor counts, double factor) {
  CheckRank("counts", counts, 2);
  CheckRank("probabilities", probabilities, 2);
  CheckSpans(probabilities.dim(0), counts.dim(0));
  CheckFloats("loss", loss, {1});
  CheckFloats("gradient", gradient, counts.shape());
  CheckFloats("probabilities", probabilities, {probabilities.dim(0), counts.dim(1)});
  CheckInts("counts", counts, {counts.dim(0), counts.dim(1)});
  DoBalanceLoss(loss, gradient, probabilities, counts, factor);
}

void Backend::RouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor) {
  CheckFloats("loss", loss, {1});
  CheckRank("log_sum_exp", log_sum_exp, 1);
  CheckFloats("log_sum_exp", log_sum_exp, {log_sum_exp.dim(0)});
  DoRouterZLoss(loss, log_sum_exp, factor);
}

// ---------------------------------------------------------------------------------------- experts

void Backend::PlanDispatch(const Dispatch& dispatch, ConstTensor expert, ConstTensor weight,
                           int64_t capacity, DropPolicy policy) {
  CheckDispatch(dispatch);
  UPCYCLE_CHECK(dispatch.counts.dim(0) >= 1 && capacity >= 0);
  if (dispatch.path == ExpertPath::kPadded) {
    UPCYCLE_CHECK_EQ(dispatch.assignment_of.size(), capacity * dispatch.counts.dim(0));
  }
  CheckInts("expert", expert, dispatch.row_of.shape());
  CheckFloats("weight", weight, dispatch.row_of.shape());
  DoPlanDispatch(dispatch, expert, weight, capacity, policy);
}

void Backend::GatherRows(Tensor rows, ConstTensor x, const Dispatch& dispatch) {
  CheckDispatch(dispatch);
  CheckRank("x", x, 2);
  CheckTensor("x", x, ActivationType(), {dispatch.row_of.dim(0), x.dim(1)});
  CheckTensor("rows", rows, ActivationType(), {dispatch.assignment_of.dim(0), x.dim(1)});
  CheckApart("rows", rows, {x});
  DoGatherRows(rows, x, dispatch);
}

void Backend::CombineRows(Tensor out, ConstTensor rows, const Dispatch& dispatch,
                          Accumulate accumulate) {
  CheckDispatch(dispatch);
  CheckRank("out", out, 2);
  CheckTensor("out", out, ActivationType(), {dispatch.row_of.dim(0), out.dim(1)});
  CheckTensor("rows", rows, ActivationType(), {dispatch.assignment_of.dim(0), out.dim(1)});
  CheckApart("out", out, {rows});
  DoCombineRows(out, rows, dispatch, accumulate);
}

void Backend::GatherWeights(Tensor row_weight, ConstTensor weight, const Dispatch& dispatch) {
  CheckDispatch(dispatch);
  CheckFloats("row_weight", row_weight, dispatch.assignment_of.shape());
  CheckFloats("weight", weight, dispatch.row_of.shape());
  DoGatherWeights(row_weight, weight, dispatch);
}

void Backend::ScatterWeights(Tensor d_weight, ConstTensor d_row_weight, const Dispatch& dispatch) {
  CheckDispatch(dispatch);
  CheckFloats("d_weight", d_weight, dispatch.row_of.shape());
  CheckFloats("d_row_weight", d_row_weight, dispatch.assignment_of.shape());
  DoScatterWeights(d_weight, d_row_weight, dispatch);
}

void Backend::ExpertMatMul(Tensor out, ConstTensor rows, ConstTensor weights,
                           const Dispatch& dispatch) {
  CheckExpertMatMul(ActivationType(), rows, out, weights, ActivationType(), dispatch);
  CheckApart("out", out, {rows, weights});
  DoExpertMatMul(out, rows, weights, dispatch);
}

void Backend::ExpertMatMulBackwardRows(Tensor d_rows, ConstTensor d_out, ConstTensor weights,
                                       const Dispatch& dispatch) {
  CheckExpertMatMul(ActivationType(), d_rows, d_out, weights, ActivationType(), dispatch);
  CheckApart("d_rows", d_rows, {d_out, weights});
  DoExpertMatMulBackwardRows(d_rows, d_out, weights, dispatch);
}

void Backend::ExpertMatMulBackwardWeights(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                                          const Dispatch& dispatch) {
  CheckExpertMatMul(ActivationType(), rows, d_out, d_weights, DataType::kFloat32, dispatch);
  CheckApart("d_weights", d_weights, {d_out, rows});
  DoExpertMatMulBackwardWeights(d_weights, d_out, rows, dispatch);
}

}  // namespace upcycle
