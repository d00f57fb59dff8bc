// Cases of norms over rows and over pieces of rows.
#include <fmt/format.h>

#include "tests/kernels/op_cases.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

using Tensors = std::vector<Tensor>;

constexpr double kEpsilon = 1e-5;

void AddRmsNormCases(std::vector<OpCase>& cases, DataType type, int64_t tokens, int64_t width) {
  const Array x = Random(type, {tokens, width}, "x");
  const Array weight = Random(type, {width}, "weight");
  const Array d_out = Random(type, {tokens, width}, "d_out");
  const auto norm = reference::RmsNormForward(x, weight, kEpsilon);
  const auto gradients = reference::RmsNormBackward(d_out, x, weight, kEpsilon);
  cases.push_back(OpCase(fmt::format("RmsNormForward n={} D={}", tokens, width), type));
  cases.back().Out(norm.out).OutFloats(norm.rstd).In(x).In(weight).Calls(
      [](Backend& backend, const Tensors& t) {
        backend.RmsNormForward(t[0], t[1], t[2], t[3], kEpsilon);
      });
  cases.push_back(OpCase(fmt::format("RmsNormBackward n={} D={}", tokens, width), type));
  cases.back()
      .Accumulates(gradients.d_x)
      .AccumulatesFloats(gradients.d_weight)
      .In(d_out)
      .In(x)
      .In(weight)
      .InFloats(norm.rstd)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.RmsNormBackward(t[0], t[1], t[2], t[3], t[4], t[5]);
      });
}

// Rows of `columns` numbers in which groups of `size` begin at `where.begin`.
void AddRmsNormColumnsCases(std::vector<OpCase>& cases, DataType type, int64_t tokens,
                            int64_t columns, int64_t size, reference::Columns where) {
  const Array x = Random(type, {tokens, columns}, "x");
  const Array weight = Random(type, {size}, "weight");
  const Array d_out = Random(type, {tokens, columns}, "d_out");
  const auto norm = reference::RmsNormColumnsForward(x, weight, where, kEpsilon);
  const auto gradients = reference::RmsNormColumnsBackward(d_out, x, weight, where, kEpsilon);
  const std::string name = fmt::format("n={} C={} g={} begin={} groups={}", tokens, columns, size,
                                       where.begin, where.groups);
  cases.push_back(OpCase("RmsNormColumnsForward " + name, type));
  cases.back().Out(norm.out).OutFloats(norm.rstd).In(x).In(weight).Calls(
      [=](Backend& backend, const Tensors& t) {
        backend.RmsNormColumnsForward(t[0], t[1], t[2], t[3], where.begin, kEpsilon);
      });
  cases.push_back(OpCase("RmsNormColumnsBackward " + name, type));
  cases.back()
      .InOut(d_out, gradients.d_x)
      .AccumulatesFloats(gradients.d_weight)
      .In(x)
      .In(weight)
      .InFloats(norm.rstd)
      .Calls([=](Backend& backend, const Tensors& t) {
        backend.RmsNormColumnsBackward(t[0], t[1], t[2], t[3], t[4], where.begin);
      });
}

void AddLayerNormCases(std::vector<OpCase>& cases, DataType type, int64_t tokens, int64_t width,
                       bool weights) {
  const Array x = Random(type, {tokens, width}, "x");
  const Array weight = weights ? Random(type, {width}, "weight") : Array();
  const Array bias = weights ? Random(type, {width}, "bias") : Array();
  const Array d_out = Random(type, {tokens, width}, "d_out");
  const auto norm = reference::LayerNormForward(x, weight, bias, kEpsilon);
  const auto gradients = reference::LayerNormBackward(d_out, x, weight, kEpsilon);
  const std::string name = fmt::format("n={} D={} weights={}", tokens, width, weights);
  OpCase forward("LayerNormForward " + name, type), backward("LayerNormBackward " + name, type);

  forward.Out(norm.out).OutFloats(norm.mean).OutFloats(norm.rstd).In(x);
  for (const Array& vector : {weight, bias}) weights ? forward.In(vector) : forward.Missing();
  cases.push_back(forward.Calls([](Backend& backend, const Tensors& t) {
    backend.LayerNormForward(t[0], t[1], t[2], t[3], t[4], t[5], kEpsilon);
  }));

  backward.Accumulates(gradients.d_x);
  for (const Array& gradient : {gradients.d_weight, gradients.d_bias}) {
    weights ? backward.AccumulatesFloats(gradient) : backward.Missing();
  }
  backward.In(d_out).In(x);
  weights ? backward.In(weight) : backward.Missing();
  backward.InFloats(norm.mean).InFloats(norm.rstd);
  cases.push_back(backward.Calls([](Backend& backend, const Tensors& t) {
    backend.LayerNormBackward(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]);
  }));
}

}  // namespace

std::vector<OpCase> NormCases(DataType type) {
  std::vector<OpCase> cases;
  for (const int64_t width : {1, 2, 7, 16, 65, 200}) {
    for (const int64_t tokens : {1, 3, 500}) {
      AddRmsNormCases(cases, type, tokens, width);
      // Of a single column nothing is left but rounding, and of two that are nearly equal, much.
      if (width > 1) AddLayerNormCases(cases, type, tokens, width, true);
      if (width > 2) AddLayerNormCases(cases, type, tokens, width, false);
    }
  }
  for (const int64_t tokens : {1, 3, 200}) {
    AddRmsNormColumnsCases(cases, type, tokens, 12, 4, {0, 2});
    AddRmsNormColumnsCases(cases, type, tokens, 9, 2, {3, 1});
    AddRmsNormColumnsCases(cases, type, tokens, 100, 17, {16, 3});
    AddRmsNormColumnsCases(cases, type, tokens, 640, 64, {256, 4});
    AddRmsNormColumnsCases(cases, type, tokens, 320, 256, {0, 1});
  }
  return cases;
}

}  // namespace upcycle
