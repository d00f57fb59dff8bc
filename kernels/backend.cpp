// The checked fronts: every shape, type and relation that backend.h promises, then the body.
#include "kernels/backend.h"

#include <cstdint>
#include <initializer_list>
#include <source_location>
#include <string>

#include "core/check.h"

namespace upcycle {
namespace {

using Where = std::source_location;

[[noreturn]] void Fail(const Where& where, const char* name, const std::string& detail) {
  internal::CheckFailed(where.file_name(), static_cast<int>(where.line()), name, detail);
}

void CheckTensor(const char* name, const ConstTensor& x, DataType type, const Shape& shape,
                 const Where& where) {
  if (!(x.shape() == shape)) {
    Fail(where, name, "the shape " + x.shape().ToString() + " in place of " + shape.ToString());
  }
  if (x.type() != type) Fail(where, name, "another element type");
  if (x.empty() && shape.size() > 0) Fail(where, name, "no memory");
}

void CheckFloats(const char* name, ConstTensor x, const Shape& shape,
                 const Where& where = Where::current()) {
  CheckTensor(name, x, DataType::kFloat32, shape, where);
}

void CheckInts(const char* name, ConstTensor x, const Shape& shape,
               const Where& where = Where::current()) {
  CheckTensor(name, x, DataType::kInt32, shape, where);
}

void CheckRank(const char* name, ConstTensor x, int rank, const Where& where = Where::current()) {
  if (x.rank() != rank) {
    Fail(where, name,
         "the shape " + x.shape().ToString() + " in place of rank " + std::to_string(rank));
  }
}

bool Overlap(const ConstTensor& a, const ConstTensor& b) {
  const auto a_begin = reinterpret_cast<uintptr_t>(a.memory());
  const auto b_begin = reinterpret_cast<uintptr_t>(b.memory());
  return a_begin < b_begin + static_cast<uintptr_t>(b.bytes()) &&
         b_begin < a_begin + static_cast<uintptr_t>(a.bytes());
}

// An output that is written while the inputs are still read.
void CheckApart(const char* name, ConstTensor out, std::initializer_list<ConstTensor> inputs,
                const Where& where = Where::current()) {
  for (const ConstTensor& input : inputs) {
    if (!input.empty() && Overlap(out, input)) Fail(where, name, "memory that an input shares");
  }
}

void CheckSame(ConstTensor a, ConstTensor b, const Where& where = Where::current()) {
  CheckTensor("copy", a, b.type(), b.shape(), where);
  if (b.empty() && b.size() > 0) Fail(where, "copy", "no memory");
}

void CheckAttention(const AttentionShape& shape) {
  UPCYCLE_CHECK(shape.sequences >= 1 && shape.length >= 1);
  UPCYCLE_CHECK(shape.heads >= 1 && shape.kv_heads >= 1 && shape.heads % shape.kv_heads == 0);
  UPCYCLE_CHECK(shape.head_width >= 2 && shape.head_width % 2 == 0);
}

void CheckRope(ConstTensor qkv, ConstTensor cosines, ConstTensor sines,
               const AttentionShape& shape) {
  CheckAttention(shape);
  CheckFloats("qkv", qkv, {shape.tokens(), shape.fused_width()});
  CheckFloats("cosines", cosines, {shape.length, shape.head_width / 2});
  CheckFloats("sines", sines, {shape.length, shape.head_width / 2});
}

void CheckActivation(ConstTensor x, ConstTensor out, ConstTensor row_weight,
                     Activation activation) {
  CheckRank("out", out, 2);
  CheckFloats("out", out, {out.dim(0), out.dim(1)});
  CheckFloats("x", x, {out.dim(0), ActivationInputs(activation, out.dim(1))});
  if (!row_weight.empty()) CheckFloats("row_weight", row_weight, {out.dim(0)});
}

void CheckRouting(const Routing& routing) {
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
}

void CheckSpans(int64_t tokens, int64_t spans) {
  UPCYCLE_CHECK(spans >= 1);
  UPCYCLE_CHECK_EQ(tokens % spans, 0);
}

void CheckDispatch(const Dispatch& dispatch) {
  CheckRank("counts", dispatch.counts, 1);
  CheckRank("row_of", dispatch.row_of, 2);
  CheckInts("counts", dispatch.counts, {dispatch.counts.dim(0)});
  CheckInts("offsets", dispatch.offsets, {dispatch.counts.dim(0)});
  CheckInts("row_of", dispatch.row_of, {dispatch.row_of.dim(0), dispatch.row_of.dim(1)});
  CheckInts("assignment_of", dispatch.assignment_of, {dispatch.row_of.size()});
}

// rows [R, I] and out [R, O] of one product with weights [E, O, I].
void CheckExpertMatMul(ConstTensor rows, ConstTensor out, ConstTensor weights,
                       const Dispatch& dispatch) {
  CheckDispatch(dispatch);
  CheckRank("weights", weights, 3);
  const int64_t row_count = dispatch.assignment_of.dim(0);
  CheckFloats("weights", weights, {dispatch.counts.dim(0), weights.dim(1), weights.dim(2)});
  CheckFloats("rows", rows, {row_count, weights.dim(2)});
  CheckFloats("out", out, {row_count, weights.dim(1)});
}

void CheckCrossEntropy(ConstTensor losses, ConstTensor logits, ConstTensor targets) {
  CheckRank("logits", logits, 2);
  UPCYCLE_CHECK(logits.dim(1) >= 1);
  CheckFloats("logits", logits, {logits.dim(0), logits.dim(1)});
  CheckFloats("losses", losses, {logits.dim(0)});
  CheckInts("targets", targets, {logits.dim(0)});
}

}  // namespace

// ----------------------------------------------------------------------------------------- memory

void Backend::CopyToHost(Tensor host, ConstTensor source) {
  CheckSame(host, source);
  DoCopyToHost(host, source);
}

void Backend::CopyFromHost(Tensor destination, ConstTensor host) {
  CheckSame(destination, host);
  DoCopyFromHost(destination, host);
}

void Backend::Copy(Tensor destination, ConstTensor source) {
  CheckSame(destination, source);
  CheckApart("destination", destination, {source});
  DoCopy(destination, source);
}

void Backend::Zero(Tensor x) {
  UPCYCLE_CHECK(!x.empty() || x.size() == 0);
  DoZero(x);
}

// ---------------------------------------------------------------------------------- dense algebra

void Backend::MatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                     Transpose transpose_b, Accumulate accumulate) {
  CheckRank("out", out, 2);
  CheckRank("a", a, 2);
  const int64_t rows = out.dim(0), columns = out.dim(1);
  const int64_t inner = a.dim(transpose_a == Transpose::kYes ? 0 : 1);
  CheckFloats("out", out, {rows, columns});
  CheckFloats("a", a, transpose_a == Transpose::kYes ? Shape{inner, rows} : Shape{rows, inner});
  CheckFloats("b", b,
              transpose_b == Transpose::kYes ? Shape{columns, inner} : Shape{inner, columns});
  CheckApart("out", out, {a, b});
  DoMatMul(out, a, transpose_a, b, transpose_b, accumulate);
}

void Backend::Add(Tensor out, ConstTensor x) {
  CheckFloats("out", out, out.shape());
  CheckFloats("x", x, out.shape());
  DoAdd(out, x);
}

// -------------------------------------------------------------------------------------- embedding

void Backend::EmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) {
  CheckRank("table", table, 2);
  CheckRank("tokens", tokens, 1);
  CheckFloats("table", table, {table.dim(0), table.dim(1)});
  CheckInts("tokens", tokens, {tokens.dim(0)});
  CheckFloats("out", out, {tokens.dim(0), table.dim(1)});
  DoEmbeddingForward(out, table, tokens);
}

void Backend::EmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) {
  CheckRank("d_table", d_table, 2);
  CheckRank("tokens", tokens, 1);
  CheckFloats("d_table", d_table, {d_table.dim(0), d_table.dim(1)});
  CheckInts("tokens", tokens, {tokens.dim(0)});
  CheckFloats("d_out", d_out, {tokens.dim(0), d_table.dim(1)});
  DoEmbeddingBackward(d_table, d_out, tokens);
}

// ---------------------------------------------------------------------------------- normalisation

void Backend::RmsNormForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                             double epsilon) {
  CheckRank("x", x, 2);
  UPCYCLE_CHECK(x.dim(1) >= 1 && epsilon > 0);
  CheckFloats("x", x, {x.dim(0), x.dim(1)});
  CheckFloats("out", out, x.shape());
  CheckFloats("rstd", rstd, {x.dim(0)});
  CheckFloats("weight", weight, {x.dim(1)});
  DoRmsNormForward(out, rstd, x, weight, epsilon);
}

void Backend::RmsNormBackward(Tensor d_x, Tensor d_weight, ConstTensor d_out, ConstTensor x,
                              ConstTensor weight, ConstTensor rstd) {
  CheckRank("x", x, 2);
  UPCYCLE_CHECK(x.dim(1) >= 1);
  CheckFloats("x", x, {x.dim(0), x.dim(1)});
  CheckFloats("d_x", d_x, x.shape());
  CheckFloats("d_weight", d_weight, {x.dim(1)});
  CheckFloats("d_out", d_out, x.shape());
  CheckFloats("weight", weight, {x.dim(1)});
  CheckFloats("rstd", rstd, {x.dim(0)});
  CheckApart("d_x", d_x, {d_out, x});
  DoRmsNormBackward(d_x, d_weight, d_out, x, weight, rstd);
}

void Backend::LayerNormForward(Tensor out, Tensor mean, Tensor rstd, ConstTensor x,
                               ConstTensor weight, ConstTensor bias, double epsilon) {
  CheckRank("x", x, 2);
  UPCYCLE_CHECK(x.dim(1) >= 1 && epsilon > 0);
  CheckFloats("x", x, {x.dim(0), x.dim(1)});
  CheckFloats("out", out, x.shape());
  CheckFloats("mean", mean, {x.dim(0)});
  CheckFloats("rstd", rstd, {x.dim(0)});
  CheckFloats("weight", weight, {x.dim(1)});
  CheckFloats("bias", bias, {x.dim(1)});
  DoLayerNormForward(out, mean, rstd, x, weight, bias, epsilon);
}

void Backend::LayerNormBackward(Tensor d_x, Tensor d_weight, Tensor d_bias, ConstTensor d_out,
                                ConstTensor x, ConstTensor weight, ConstTensor mean,
                                ConstTensor rstd) {
  CheckRank("x", x, 2);
  UPCYCLE_CHECK(x.dim(1) >= 1);
  CheckFloats("x", x, {x.dim(0), x.dim(1)});
  CheckFloats("d_x", d_x, x.shape());
  CheckFloats("d_weight", d_weight, {x.dim(1)});
  CheckFloats("d_bias", d_bias, {x.dim(1)});
  CheckFloats("d_out", d_out, x.shape());
  CheckFloats("weight", weight, {x.dim(1)});
  CheckFloats("mean", mean, {x.dim(0)});
  CheckFloats("rstd", rstd, {x.dim(0)});
  CheckApart("d_x", d_x, {d_out, x});
  DoLayerNormBackward(d_x, d_weight, d_bias, d_out, x, weight, mean, rstd);
}

// -------------------------------------------------------------------------------------- attention

void Backend::RopeTables(Tensor cosines, Tensor sines, double theta) {
  CheckRank("cosines", cosines, 2);
  CheckFloats("cosines", cosines, {cosines.dim(0), cosines.dim(1)});
  CheckFloats("sines", sines, cosines.shape());
  UPCYCLE_CHECK(theta > 0);
  DoRopeTables(cosines, sines, theta);
}

void Backend::RopeForward(Tensor qkv, ConstTensor cosines, ConstTensor sines,
                          const AttentionShape& shape) {
  CheckRope(qkv, cosines, sines, shape);
  DoRope(qkv, cosines, sines, shape, /*backward=*/false);
}

void Backend::RopeBackward(Tensor d_qkv, ConstTensor cosines, ConstTensor sines,
                           const AttentionShape& shape) {
  CheckRope(d_qkv, cosines, sines, shape);
  DoRope(d_qkv, cosines, sines, shape, /*backward=*/true);
}

void Backend::AttentionForward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                               const AttentionShape& shape) {
  CheckAttention(shape);
  CheckFloats("out", out, {shape.tokens(), shape.query_width()});
  CheckFloats("log_sum_exp", log_sum_exp, {shape.sequences, shape.heads, shape.length});
  CheckFloats("qkv", qkv, {shape.tokens(), shape.fused_width()});
  CheckApart("out", out, {qkv});
  DoAttentionForward(out, log_sum_exp, qkv, shape);
}

void Backend::AttentionBackward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                                ConstTensor log_sum_exp, ConstTensor qkv,
                                const AttentionShape& shape) {
  CheckAttention(shape);
  CheckFloats("d_qkv", d_qkv, {shape.tokens(), shape.fused_width()});
  CheckFloats("d_out", d_out, {shape.tokens(), shape.query_width()});
  CheckFloats("out", out, {shape.tokens(), shape.query_width()});
  CheckFloats("log_sum_exp", log_sum_exp, {shape.sequences, shape.heads, shape.length});
  CheckFloats("qkv", qkv, {shape.tokens(), shape.fused_width()});
  CheckApart("d_qkv", d_qkv, {d_out, out, qkv});
  DoAttentionBackward(d_qkv, d_out, out, log_sum_exp, qkv, shape);
}

// ------------------------------------------------------------------------------------- activation

void Backend::ActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                                Activation activation) {
  CheckActivation(x, out, row_weight, activation);
  CheckApart("out", out, {x});
  DoActivationForward(out, x, row_weight, activation);
}

void Backend::ActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out, ConstTensor x,
                                 ConstTensor row_weight, Activation activation) {
  CheckActivation(x, d_out, row_weight, activation);
  CheckFloats("d_x", d_x, x.shape());
  if (!d_row_weight.empty()) CheckFloats("d_row_weight", d_row_weight, {x.dim(0)});
  CheckApart("d_x", d_x, {d_out, x});
  DoActivationBackward(d_x, d_row_weight, d_out, x, row_weight, activation);
}

// ----------------------------------------------------------------------------------------- router

void Backend::RouterForward(const Routing& routing, ConstTensor logits, RoutingOrder order) {
  CheckRouting(routing);
  CheckFloats("logits", logits, routing.probabilities.shape());
  DoRouterForward(routing, logits, order);
}

void Backend::RouterBackward(Tensor d_logits, const Routing& routing, ConstTensor d_weight,
                             ConstTensor balance_gradient, double z_factor, RoutingOrder order) {
  CheckRouting(routing);
  CheckFloats("d_logits", d_logits, routing.probabilities.shape());
  CheckFloats("d_weight", d_weight, routing.expert.shape());
  if (!balance_gradient.empty()) {
    CheckRank("balance_gradient", balance_gradient, 2);
    CheckSpans(d_logits.dim(0), balance_gradient.dim(0));
    CheckFloats("balance_gradient", balance_gradient, {balance_gradient.dim(0), d_logits.dim(1)});
  }
  CheckApart("d_logits", d_logits, {routing.probabilities, d_weight});
  DoRouterBackward(d_logits, routing, d_weight, balance_gradient, z_factor, order);
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
  CheckInts("expert", expert, dispatch.row_of.shape());
  CheckFloats("weight", weight, dispatch.row_of.shape());
  DoPlanDispatch(dispatch, expert, weight, capacity, policy);
}

void Backend::GatherRows(Tensor rows, ConstTensor x, const Dispatch& dispatch) {
  CheckDispatch(dispatch);
  CheckRank("x", x, 2);
  CheckFloats("x", x, {dispatch.row_of.dim(0), x.dim(1)});
  CheckFloats("rows", rows, {dispatch.assignment_of.dim(0), x.dim(1)});
  CheckApart("rows", rows, {x});
  DoGatherRows(rows, x, dispatch);
}

void Backend::CombineRows(Tensor out, ConstTensor rows, const Dispatch& dispatch,
                          Accumulate accumulate) {
  CheckDispatch(dispatch);
  CheckRank("out", out, 2);
  CheckFloats("out", out, {dispatch.row_of.dim(0), out.dim(1)});
  CheckFloats("rows", rows, {dispatch.assignment_of.dim(0), out.dim(1)});
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
  CheckExpertMatMul(rows, out, weights, dispatch);
  CheckApart("out", out, {rows, weights});
  DoExpertMatMul(out, rows, weights, dispatch);
}

void Backend::ExpertMatMulBackwardRows(Tensor d_rows, ConstTensor d_out, ConstTensor weights,
                                       const Dispatch& dispatch) {
  CheckExpertMatMul(d_rows, d_out, weights, dispatch);
  CheckApart("d_rows", d_rows, {d_out, weights});
  DoExpertMatMulBackwardRows(d_rows, d_out, weights, dispatch);
}

void Backend::ExpertMatMulBackwardWeights(Tensor d_weights, ConstTensor d_out, ConstTensor rows,
                                          const Dispatch& dispatch) {
  CheckExpertMatMul(rows, d_out, d_weights, dispatch);
  CheckApart("d_weights", d_weights, {d_out, rows});
  DoExpertMatMulBackwardWeights(d_weights, d_out, rows, dispatch);
}

// ------------------------------------------------------------------------------------------- loss

void Backend::CrossEntropyForward(Tensor losses, ConstTensor logits, ConstTensor targets) {
  CheckCrossEntropy(losses, logits, targets);
  DoCrossEntropy(losses, logits, /*d_logits=*/{}, targets, /*scale=*/0);
}

void Backend::CrossEntropyBackward(Tensor losses, Tensor logits, ConstTensor targets,
                                   double scale) {
  CheckCrossEntropy(losses, logits, targets);
  DoCrossEntropy(losses, logits, logits, targets, scale);
}

void Backend::Sum(Tensor total, ConstTensor x) {
  CheckFloats("total", total, {1});
  CheckFloats("x", x, x.shape());
  DoSum(total, x);
}

// -------------------------------------------------------------------------------------- optimizer

void Backend::GradientNorm(Tensor norm, ConstTensor gradient) {
  CheckFloats("norm", norm, {1});
  CheckFloats("gradient", gradient, gradient.shape());
  DoGradientNorm(norm, gradient);
}

void Backend::AdamW(Tensor weights, Tensor m, Tensor v, ConstTensor gradient, ConstTensor norm,
                    const AdamWStep& step) {
  UPCYCLE_CHECK(step.step >= 1 && step.clip_norm >= 0 && step.epsilon > 0);
  UPCYCLE_CHECK(step.beta1 >= 0 && step.beta1 < 1 && step.beta2 >= 0 && step.beta2 < 1);
  CheckFloats("weights", weights, weights.shape());
  CheckFloats("m", m, weights.shape());
  CheckFloats("v", v, weights.shape());
  CheckFloats("gradient", gradient, weights.shape());
  if (step.clip_norm > 0 || !norm.empty()) CheckFloats("norm", norm, {1});
  DoAdamW(weights, m, v, gradient, norm, step);
}

}  // namespace upcycle
