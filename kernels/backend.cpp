// The checked fronts: every shape, type and relation that backend.h promises, then the body. Those
// of attention are in backend_attention.cpp, those of routing and experts in backend_experts.cpp.
#include "kernels/backend.h"

#include "core/check.h"
#include "kernels/moment_storage.h"
#include "kernels/tensor_checks.h"

namespace upcycle {
namespace {

// Groups of columns that are normalised each by itself.
void CheckColumns(DataType type, ConstTensor x, ConstTensor weight, ConstTensor rstd,
                  int64_t begin) {
  CheckRank("x", x, 2);
  CheckRank("weight", weight, 1);
  CheckRank("rstd", rstd, 2);
  CheckTensor("x", x, type, {x.dim(0), x.dim(1)});
  CheckTensor("weight", weight, type, {weight.dim(0)});
  CheckFloats("rstd", rstd, {x.dim(0), rstd.dim(1)});
  UPCYCLE_CHECK(weight.dim(0) >= 1 && rstd.dim(1) >= 1 && begin >= 0);
  UPCYCLE_CHECK(begin + rstd.dim(1) * weight.dim(0) <= x.dim(1));
}

void CheckActivation(DataType type, ConstTensor x, ConstTensor out, ConstTensor row_weight,
                     Activation activation) {
  CheckRank("out", out, 2);
  CheckTensor("out", out, type, {out.dim(0), out.dim(1)});
  CheckTensor("x", x, type, {out.dim(0), ActivationInputs(activation, out.dim(1))});
  if (!row_weight.empty()) CheckFloats("row_weight", row_weight, {out.dim(0)});
}

void CheckCrossEntropy(DataType type, ConstTensor losses, ConstTensor logits, ConstTensor targets) {
  CheckRank("logits", logits, 2);
  UPCYCLE_CHECK(logits.dim(1) >= 1);
  CheckTensor("logits", logits, type, {logits.dim(0), logits.dim(1)});
  CheckFloats("losses", losses, {logits.dim(0)});
  CheckInts("targets", targets, {logits.dim(0)});
}

// Two moments of `shape`, with scales where their elements are codes.
void CheckMoments(const Moments& moments, const Shape& shape) {
  const DataType type = moments.m.type();
  const bool has_codes = type == DataType::kUInt8;
  UPCYCLE_CHECK(has_codes || type == DataType::kFloat32 || type == DataType::kBFloat16);
  CheckTensor("m", moments.m, type, shape);
  CheckTensor("v", moments.v, type, shape);
  if (!has_codes) return;
  CheckFloats("m_scales", moments.m_scales, {MomentBlocks(shape.size())});
  CheckFloats("v_scales", moments.v_scales, {MomentBlocks(shape.size())});
}

}  // namespace

void Backend::Repeat(std::unique_ptr<Recording>& recording, const std::function<void()>& work) {
  UPCYCLE_CHECK(work != nullptr);
  DoRepeat(recording, work);
}

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

void Backend::Convert(Tensor out, ConstTensor x) {
  for (const DataType type : {out.type(), x.type()}) {
    UPCYCLE_CHECK(type == DataType::kFloat32 || type == DataType::kBFloat16);
  }
  CheckTensor("out", out, out.type(), x.shape());
  CheckTensor("x", x, x.type(), x.shape());
  CheckApart("out", out, {x});
  DoConvert(out, x);
}

// ---------------------------------------------------------------------------------- dense algebra

void Backend::MatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                     Transpose transpose_b, Accumulate accumulate) {
  CheckRank("out", out, 2);
  CheckRank("a", a, 2);
  const int64_t rows = out.dim(0), columns = out.dim(1);
  const int64_t inner = a.dim(transpose_a == Transpose::kYes ? 0 : 1);
  const DataType type = a.type() == DataType::kFloat32 ? DataType::kFloat32 : ActivationType();
  CheckTensor("out", out, out.type() == DataType::kFloat32 ? DataType::kFloat32 : type,
              {rows, columns});
  CheckTensor("a", a, type,
              transpose_a == Transpose::kYes ? Shape{inner, rows} : Shape{rows, inner});
  CheckTensor("b", b, type,
              transpose_b == Transpose::kYes ? Shape{columns, inner} : Shape{inner, columns});
  CheckApart("out", out, {a, b});
  DoMatMul(out, a, transpose_a, b, transpose_b, accumulate);
}

void Backend::Add(Tensor out, ConstTensor x) {
  const DataType type = out.type() == DataType::kFloat32 ? DataType::kFloat32 : ActivationType();
  CheckTensor("out", out, type, out.shape());
  CheckTensor("x", x, type, out.shape());
  DoAdd(out, x);
}

void Backend::AddBias(Tensor out, ConstTensor bias) {
  CheckRank("out", out, 2);
  CheckTensor("out", out, ActivationType(), {out.dim(0), out.dim(1)});
  CheckTensor("bias", bias, ActivationType(), {out.dim(1)});
  CheckApart("out", out, {bias});
  DoAddBias(out, bias);
}

void Backend::BiasBackward(Tensor d_bias, ConstTensor d_out) {
  CheckRank("d_out", d_out, 2);
  CheckTensor("d_out", d_out, ActivationType(), {d_out.dim(0), d_out.dim(1)});
  CheckFloats("d_bias", d_bias, {d_out.dim(1)});
  CheckApart("d_bias", d_bias, {d_out});
  DoBiasBackward(d_bias, d_out);
}

void Backend::Scale(Tensor x, double factor) {
  CheckTensor("x", x, ActivationType(), x.shape());
  DoScale(x, factor);
}

// -------------------------------------------------------------------------------------- embedding

void Backend::EmbeddingForward(Tensor out, ConstTensor table, ConstTensor tokens) {
  CheckRank("table", table, 2);
  CheckRank("tokens", tokens, 1);
  CheckTensor("table", table, ActivationType(), {table.dim(0), table.dim(1)});
  CheckInts("tokens", tokens, {tokens.dim(0)});
  CheckTensor("out", out, ActivationType(), {tokens.dim(0), table.dim(1)});
  DoEmbeddingForward(out, table, tokens);
}

void Backend::EmbeddingBackward(Tensor d_table, ConstTensor d_out, ConstTensor tokens) {
  CheckRank("d_table", d_table, 2);
  CheckRank("tokens", tokens, 1);
  CheckFloats("d_table", d_table, {d_table.dim(0), d_table.dim(1)});
  CheckInts("tokens", tokens, {tokens.dim(0)});
  CheckTensor("d_out", d_out, ActivationType(), {tokens.dim(0), d_table.dim(1)});
  DoEmbeddingBackward(d_table, d_out, tokens);
}

// ---------------------------------------------------------------------------------- normalisation

void Backend::RmsNormForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                             double epsilon) {
  CheckRank("x", x, 2);
  UPCYCLE_CHECK(x.dim(1) >= 1 && epsilon > 0);
  CheckTensor("x", x, ActivationType(), {x.dim(0), x.dim(1)});
  CheckTensor("out", out, ActivationType(), x.shape());
  CheckFloats("rstd", rstd, {x.dim(0)});
  CheckTensor("weight", weight, ActivationType(), {x.dim(1)});
  DoRmsNormForward(out, rstd, x, weight, epsilon);
}

void Backend::RmsNormBackward(Tensor d_x, Tensor d_weight, ConstTensor d_out, ConstTensor x,
                              ConstTensor weight, ConstTensor rstd) {
  CheckRank("x", x, 2);
  UPCYCLE_CHECK(x.dim(1) >= 1);
  CheckTensor("x", x, ActivationType(), {x.dim(0), x.dim(1)});
  CheckTensor("d_x", d_x, ActivationType(), x.shape());
  CheckFloats("d_weight", d_weight, {x.dim(1)});
  CheckTensor("d_out", d_out, ActivationType(), x.shape());
  CheckTensor("weight", weight, ActivationType(), {x.dim(1)});
  CheckFloats("rstd", rstd, {x.dim(0)});
  CheckApart("d_x", d_x, {d_out, x});
  DoRmsNormBackward(d_x, d_weight, d_out, x, weight, rstd);
}

void Backend::RmsNormColumnsForward(Tensor out, Tensor rstd, ConstTensor x, ConstTensor weight,
                                    int64_t begin, double epsilon) {
  CheckColumns(ActivationType(), x, weight, rstd, begin);
  UPCYCLE_CHECK(epsilon > 0);
  CheckTensor("out", out, ActivationType(), x.shape());
  CheckApart("out", out, {x, weight});
  DoRmsNormColumnsForward(out, rstd, x, weight, begin, epsilon);
}

void Backend::RmsNormColumnsBackward(Tensor d_x, Tensor d_weight, ConstTensor x, ConstTensor weight,
                                     ConstTensor rstd, int64_t begin) {
  CheckColumns(ActivationType(), x, weight, rstd, begin);
  CheckTensor("d_x", d_x, ActivationType(), x.shape());
  CheckFloats("d_weight", d_weight, {weight.dim(0)});
  CheckApart("d_x", d_x, {x, weight});
  DoRmsNormColumnsBackward(d_x, d_weight, x, weight, rstd, begin);
}

void Backend::LayerNormForward(Tensor out, Tensor mean, Tensor rstd, ConstTensor x,
                               ConstTensor weight, ConstTensor bias, double epsilon) {
  CheckRank("x", x, 2);
  UPCYCLE_CHECK(x.dim(1) >= 1 && epsilon > 0);
  CheckTensor("x", x, ActivationType(), {x.dim(0), x.dim(1)});
  CheckTensor("out", out, ActivationType(), x.shape());
  CheckFloats("mean", mean, {x.dim(0)});
  CheckFloats("rstd", rstd, {x.dim(0)});
  UPCYCLE_CHECK(weight.empty() == bias.empty());
  if (!weight.empty()) {
    CheckTensor("weight", weight, ActivationType(), {x.dim(1)});
    CheckTensor("bias", bias, ActivationType(), {x.dim(1)});
  }
  DoLayerNormForward(out, mean, rstd, x, weight, bias, epsilon);
}

void Backend::LayerNormBackward(Tensor d_x, Tensor d_weight, Tensor d_bias, ConstTensor d_out,
                                ConstTensor x, ConstTensor weight, ConstTensor mean,
                                ConstTensor rstd) {
  CheckRank("x", x, 2);
  UPCYCLE_CHECK(x.dim(1) >= 1);
  CheckTensor("x", x, ActivationType(), {x.dim(0), x.dim(1)});
  CheckTensor("d_x", d_x, ActivationType(), x.shape());
  CheckTensor("d_out", d_out, ActivationType(), x.shape());
  UPCYCLE_CHECK(weight.empty() == d_weight.empty() && weight.empty() == d_bias.empty());
  if (!weight.empty()) {
    CheckTensor("weight", weight, ActivationType(), {x.dim(1)});
    CheckFloats("d_weight", d_weight, {x.dim(1)});
    CheckFloats("d_bias", d_bias, {x.dim(1)});
  }
  CheckFloats("mean", mean, {x.dim(0)});
  CheckFloats("rstd", rstd, {x.dim(0)});
  CheckApart("d_x", d_x, {d_out, x});
  DoLayerNormBackward(d_x, d_weight, d_bias, d_out, x, weight, mean, rstd);
}

// ------------------------------------------------------------------------------------- activation

void Backend::ActivationForward(Tensor out, ConstTensor x, ConstTensor row_weight,
                                Activation activation) {
  CheckActivation(ActivationType(), x, out, row_weight, activation);
  CheckApart("out", out, {x});
  DoActivationForward(out, x, row_weight, activation);
}

void Backend::ActivationBackward(Tensor d_x, Tensor d_row_weight, ConstTensor d_out, ConstTensor x,
                                 ConstTensor row_weight, Activation activation) {
  CheckActivation(ActivationType(), x, d_out, row_weight, activation);
  CheckTensor("d_x", d_x, ActivationType(), x.shape());
  if (!d_row_weight.empty()) CheckFloats("d_row_weight", d_row_weight, {x.dim(0)});
  CheckApart("d_x", d_x, {d_out, x});
  DoActivationBackward(d_x, d_row_weight, d_out, x, row_weight, activation);
}

// ------------------------------------------------------------------------------------------- loss

void Backend::CrossEntropyForward(Tensor losses, ConstTensor logits, ConstTensor targets) {
  CheckCrossEntropy(ActivationType(), losses, logits, targets);
  DoCrossEntropy(losses, logits, /*d_logits=*/{}, targets, /*scale=*/0);
}

void Backend::CrossEntropyBackward(Tensor losses, Tensor logits, ConstTensor targets,
                                   double scale) {
  CheckCrossEntropy(ActivationType(), losses, logits, targets);
  DoCrossEntropy(losses, logits, logits, targets, scale);
}

void Backend::ArgMax(Tensor columns, ConstTensor logits) {
  CheckRank("logits", logits, 2);
  UPCYCLE_CHECK(logits.dim(1) >= 1);
  CheckTensor("logits", logits, ActivationType(), {logits.dim(0), logits.dim(1)});
  CheckInts("columns", columns, {logits.dim(0)});
  DoArgMax(columns, logits);
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

void Backend::AdamW(Tensor weights, const Moments& moments, ConstTensor gradient, ConstTensor norm,
                    const AdamWStep& step, Tensor rounded) {
  UPCYCLE_CHECK(step.step >= 1 && step.clip_norm >= 0 && step.epsilon > 0 && step.first_index >= 0);
  UPCYCLE_CHECK(step.beta1 >= 0 && step.beta1 < 1 && step.beta2 >= 0 && step.beta2 < 1);
  CheckFloats("weights", weights, weights.shape());
  CheckMoments(moments, weights.shape());
  CheckFloats("gradient", gradient, weights.shape());
  if (step.clip_norm > 0 || !norm.empty()) CheckFloats("norm", norm, {1});
  if (!rounded.empty()) CheckTensor("rounded", rounded, ActivationType(), weights.shape());
  DoAdamW(weights, moments, gradient, norm, step, rounded);
}

void Backend::LoadMoment(Tensor out, const Moments& moments, Moment which) {
  CheckFloats("out", out, out.shape());
  CheckMoments(moments, out.shape());
  CheckApart("out", out, {moments.m, moments.v});
  DoLoadMoment(out, moments, which);
}

void Backend::StoreMoment(const Moments& moments, Moment which, ConstTensor x) {
  CheckFloats("x", x, x.shape());
  CheckMoments(moments, x.shape());
  CheckApart("moment", ArraysOf(moments, which).elements, {x});
  DoStoreMoment(moments, which, x);
}

}  // namespace upcycle
