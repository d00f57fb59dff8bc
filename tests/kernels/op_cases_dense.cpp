// Cases of the ops that every transformer has.
#include <fmt/format.h>

#include "tests/kernels/op_cases.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

using Tensors = std::vector<Tensor>;

OpCase MatMulCase(int64_t m, int64_t n, int64_t inner, Transpose ta, Transpose tb,
                  Accumulate accumulate) {
  const bool a_flipped = ta == Transpose::kYes, b_flipped = tb == Transpose::kYes;
  const bool adds = accumulate == Accumulate::kYes;
  const Array a = Random(a_flipped ? Shape{inner, m} : Shape{m, inner}, "a");
  const Array b = Random(b_flipped ? Shape{n, inner} : Shape{inner, n}, "b");
  const Array product = reference::MatMul(a, ta, b, tb);
  OpCase matmul(fmt::format("MatMul m={} n={} inner={} transposes={}{} accumulate={}", m, n, inner,
                            a_flipped, b_flipped, adds));
  if (adds) {
    matmul.Accumulates(product, kForwardError);
  } else {
    matmul.Out(product);
  }
  matmul.In(a).In(b).Calls([=](Backend& backend, const Tensors& t) {
    backend.MatMul(t[0], t[1], ta, t[2], tb, accumulate);
  });
  return matmul;
}

OpCase AddCase(int64_t count) {
  const Array x = Random({count}, "x");
  OpCase add(fmt::format("Add count={}", count));
  add.Accumulates(x, kForwardError).In(x).Calls([](Backend& backend, const Tensors& t) {
    backend.Add(t[0], t[1]);
  });
  return add;
}

}  // namespace

std::vector<OpCase> MatMulCases() {
  std::vector<OpCase> cases;
  const std::vector<std::vector<int64_t>> shapes = {
      {1, 1, 1}, {1, 7, 3}, {5, 1, 2}, {17, 33, 9}, {64, 64, 64}, {130, 70, 1}, {65, 129, 40}};
  for (const auto& s : shapes) {
    for (const Transpose ta : {Transpose::kNo, Transpose::kYes}) {
      for (const Transpose tb : {Transpose::kNo, Transpose::kYes}) {
        for (const Accumulate accumulate : {Accumulate::kNo, Accumulate::kYes}) {
          cases.push_back(MatMulCase(s[0], s[1], s[2], ta, tb, accumulate));
        }
      }
    }
  }
  // Several tiles in each direction, and the long inner dimension of a weight's gradient.
  cases.push_back(MatMulCase(600, 40, 24, Transpose::kNo, Transpose::kYes, Accumulate::kNo));
  cases.push_back(MatMulCase(2100, 9, 8, Transpose::kNo, Transpose::kNo, Accumulate::kNo));
  cases.push_back(MatMulCase(140, 1100, 8, Transpose::kNo, Transpose::kYes, Accumulate::kYes));
  cases.push_back(MatMulCase(48, 80, 1500, Transpose::kYes, Transpose::kNo, Accumulate::kYes));
  // No inner dimension: an empty sum.
  cases.push_back(MatMulCase(3, 4, 0, Transpose::kNo, Transpose::kNo, Accumulate::kNo));
  cases.push_back(MatMulCase(3, 4, 0, Transpose::kNo, Transpose::kNo, Accumulate::kYes));
  for (const int64_t count : {1, 2, 31, 1000, 200001}) cases.push_back(AddCase(count));
  return cases;
}

std::vector<OpCase> EmbeddingCases() {
  std::vector<OpCase> cases;
  for (const int64_t width : {1, 3, 16, 63, 130}) {
    for (const int64_t tokens : {1, 5, 300}) {
      const int64_t vocabulary = 7;
      const Array table = Random({vocabulary, width}, "table");
      const Array ids = RandomInts({tokens}, "ids", 0, vocabulary);
      const Array d_out = Random({tokens, width}, "d_out");
      cases.push_back(OpCase(fmt::format("EmbeddingForward n={} D={}", tokens, width)));
      cases.back()
          .Out(reference::EmbeddingForward(table, ids))
          .In(table)
          .Ints(ids)
          .Calls([](Backend& backend, const Tensors& t) {
            backend.EmbeddingForward(t[0], t[1], t[2]);
          });
      cases.push_back(OpCase(fmt::format("EmbeddingBackward n={} D={}", tokens, width)));
      cases.back()
          .Accumulates(reference::EmbeddingBackward(vocabulary, d_out, ids))
          .In(d_out)
          .Ints(ids)
          .Calls([](Backend& backend, const Tensors& t) {
            backend.EmbeddingBackward(t[0], t[1], t[2]);
          });
    }
  }
  return cases;
}

namespace {

constexpr double kEpsilon = 1e-5;

void AddRmsNormCases(std::vector<OpCase>& cases, int64_t tokens, int64_t width) {
  const Array x = Random({tokens, width}, "x");
  const Array weight = Random({width}, "weight");
  const Array d_out = Random({tokens, width}, "d_out");
  const auto norm = reference::RmsNormForward(x, weight, kEpsilon);
  const auto gradients = reference::RmsNormBackward(d_out, x, weight, kEpsilon);
  cases.push_back(OpCase(fmt::format("RmsNormForward n={} D={}", tokens, width)));
  cases.back().Out(norm.out).Out(norm.rstd).In(x).In(weight).Calls(
      [](Backend& backend, const Tensors& t) {
        backend.RmsNormForward(t[0], t[1], t[2], t[3], kEpsilon);
      });
  cases.push_back(OpCase(fmt::format("RmsNormBackward n={} D={}", tokens, width)));
  cases.back()
      .Accumulates(gradients.d_x)
      .Accumulates(gradients.d_weight)
      .In(d_out)
      .In(x)
      .In(weight)
      .In(norm.rstd)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.RmsNormBackward(t[0], t[1], t[2], t[3], t[4], t[5]);
      });
}

void AddLayerNormCases(std::vector<OpCase>& cases, int64_t tokens, int64_t width) {
  const Array x = Random({tokens, width}, "x");
  const Array weight = Random({width}, "weight");
  const Array bias = Random({width}, "bias");
  const Array d_out = Random({tokens, width}, "d_out");
  const auto norm = reference::LayerNormForward(x, weight, bias, kEpsilon);
  const auto gradients = reference::LayerNormBackward(d_out, x, weight, kEpsilon);
  cases.push_back(OpCase(fmt::format("LayerNormForward n={} D={}", tokens, width)));
  cases.back().Out(norm.out).Out(norm.mean).Out(norm.rstd).In(x).In(weight).In(bias).Calls(
      [](Backend& backend, const Tensors& t) {
        backend.LayerNormForward(t[0], t[1], t[2], t[3], t[4], t[5], kEpsilon);
      });
  cases.push_back(OpCase(fmt::format("LayerNormBackward n={} D={}", tokens, width)));
  cases.back()
      .Accumulates(gradients.d_x)
      .Accumulates(gradients.d_weight)
      .Accumulates(gradients.d_bias)
      .In(d_out)
      .In(x)
      .In(weight)
      .In(norm.mean)
      .In(norm.rstd)
      .Calls([](Backend& backend, const Tensors& t) {
        backend.LayerNormBackward(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]);
      });
}

}  // namespace

std::vector<OpCase> NormCases() {
  std::vector<OpCase> cases;
  for (const int64_t width : {1, 2, 7, 16, 65, 200}) {
    for (const int64_t tokens : {1, 3, 500}) {
      AddRmsNormCases(cases, tokens, width);
      // Of a single column nothing is left but rounding.
      if (width > 1) AddLayerNormCases(cases, tokens, width);
    }
  }
  return cases;
}

std::vector<OpCase> RopeCases() {
  std::vector<OpCase> cases;
  const double theta = 10000;
  for (const AttentionShape& shape :
       {AttentionShape{1, 1, 1, 1, 2}, AttentionShape{2, 5, 3, 1, 6},
        AttentionShape{3, 40, 4, 2, 34}, AttentionShape{1, 100, 2, 2, 64}}) {
    const std::string name = fmt::format("B={} L={} H={} K={} W={}", shape.sequences, shape.length,
                                         shape.heads, shape.kv_heads, shape.head_width);
    const Array cosines = reference::RopeCosines(shape.length, shape.head_width, theta);
    const Array sines = reference::RopeSines(shape.length, shape.head_width, theta);
    const Array qkv = Random({shape.tokens(), shape.fused_width()}, "qkv");
    cases.push_back(OpCase("RopeTables " + name));
    cases.back().Out(cosines).Out(sines).Calls(
        [=](Backend& backend, const Tensors& t) { backend.RopeTables(t[0], t[1], theta); });
    cases.push_back(OpCase("RopeForward " + name));
    cases.back()
        .InOut(qkv, reference::Rope(qkv, shape, theta, false), kForwardError)
        .In(cosines)
        .In(sines)
        .Calls([=](Backend& backend, const Tensors& t) {
          backend.RopeForward(t[0], t[1], t[2], shape);
        });
    cases.push_back(OpCase("RopeBackward " + name));
    cases.back()
        .InOut(qkv, reference::Rope(qkv, shape, theta, true), kGradientError)
        .In(cosines)
        .In(sines)
        .Calls([=](Backend& backend, const Tensors& t) {
          backend.RopeBackward(t[0], t[1], t[2], shape);
        });
  }
  return cases;
}

namespace {

// `spread` multiplies queries and keys: the larger, the more a softmax is one key's.
void AddAttentionCases(std::vector<OpCase>& cases, const AttentionShape& shape, double spread) {
  const std::string name =
      fmt::format("B={} L={} H={} K={} W={} spread={}", shape.sequences, shape.length, shape.heads,
                  shape.kv_heads, shape.head_width, spread);
  const Array qkv = Random({shape.tokens(), shape.fused_width()}, "qkv", spread);
  const Array d_out = Random({shape.tokens(), shape.query_width()}, "d_out");
  const auto attention = reference::AttentionForward(qkv, shape);
  cases.push_back(OpCase("AttentionForward " + name));
  cases.back()
      .Out(attention.out)
      .Out(attention.log_sum_exp)
      .In(qkv)
      .Calls([=](Backend& backend, const Tensors& t) {
        backend.AttentionForward(t[0], t[1], t[2], shape);
      });
  cases.push_back(OpCase("AttentionBackward " + name));
  cases.back()
      .Out(reference::AttentionBackward(d_out, qkv, shape), kGradientError)
      .In(d_out)
      .In(attention.out)
      .In(attention.log_sum_exp)
      .In(qkv)
      .Calls([=](Backend& backend, const Tensors& t) {
        backend.AttentionBackward(t[0], t[1], t[2], t[3], t[4], shape);
      });
}

}  // namespace

std::vector<OpCase> AttentionCases() {
  std::vector<OpCase> cases;
  for (const AttentionShape& shape :
       {AttentionShape{1, 1, 1, 1, 2}, AttentionShape{2, 2, 2, 1, 4}, AttentionShape{3, 7, 4, 2, 6},
        AttentionShape{2, 63, 3, 3, 32}, AttentionShape{1, 64, 6, 2, 16},
        AttentionShape{2, 65, 2, 1, 34}, AttentionShape{1, 200, 2, 1, 64},
        AttentionShape{1, 130, 1, 1, 128}}) {
    AddAttentionCases(cases, shape, 1);
  }
  // Scores of some tens, and more keys than one block holds.
  AddAttentionCases(cases, {1, 97, 2, 2, 16}, 4);
  AddAttentionCases(cases, {1, 1100, 1, 1, 8}, 1);
  return cases;
}

std::vector<OpCase> ActivationCases() {
  std::vector<OpCase> cases;
  for (const Activation activation : {Activation::kSwiGlu, Activation::kSquaredRelu}) {
    for (const int64_t hidden : {1, 5, 16, 67, 200}) {
      for (const int64_t rows : {1, 4, 300}) {
        for (const bool weighted : {false, true}) {
          const Array x = Random({rows, ActivationInputs(activation, hidden)}, "x", 3);
          const Array row_weight = weighted ? Random({rows}, "row_weight") : Array();
          const Array d_out = Random({rows, hidden}, "d_out");
          const auto gradients = reference::ActivationBackward(d_out, x, row_weight, activation);
          const std::string name = fmt::format(
              "{} R={} F={} weighted={}",
              activation == Activation::kSwiGlu ? "SwiGlu" : "SquaredRelu", rows, hidden, weighted);
          cases.push_back(OpCase("ActivationForward " + name));
          cases.back().Out(reference::ActivationForward(x, row_weight, activation)).In(x);
          weighted ? cases.back().In(row_weight).Optional() : cases.back().Missing();
          cases.back().Calls([=](Backend& backend, const Tensors& t) {
            backend.ActivationForward(t[0], t[1], t[2], activation);
          });
          cases.push_back(OpCase("ActivationBackward " + name));
          cases.back().Out(gradients.d_x, kGradientError);
          weighted ? cases.back().Out(gradients.d_row_weight, kGradientError).Optional()
                   : cases.back().Missing();
          cases.back().In(d_out).In(x);
          weighted ? cases.back().In(row_weight).Optional() : cases.back().Missing();
          cases.back().Calls([=](Backend& backend, const Tensors& t) {
            backend.ActivationBackward(t[0], t[1], t[2], t[3], t[4], activation);
          });
        }
      }
    }
  }
  return cases;
}

}  // namespace upcycle
