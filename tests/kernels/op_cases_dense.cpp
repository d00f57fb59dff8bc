// Cases of the ops that every transformer has.
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/kernels/op_cases.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

using Tensors = std::vector<Tensor>;

struct MatMulTypes {
  DataType in;
  DataType out;
};

const char* NameOf(DataType type) { return type == DataType::kBFloat16 ? "bf16" : "f32"; }

OpCase MatMulCase(MatMulTypes types, int64_t m, int64_t n, int64_t inner, Transpose ta,
                  Transpose tb, Accumulate accumulate) {
  const bool a_flipped = ta == Transpose::kYes, b_flipped = tb == Transpose::kYes;
  const bool adds = accumulate == Accumulate::kYes;
  const Array a = Random(types.in, a_flipped ? Shape{inner, m} : Shape{m, inner}, "a");
  const Array b = Random(types.in, b_flipped ? Shape{n, inner} : Shape{inner, n}, "b");
  const Array product = reference::MatMul(a, ta, b, tb);
  OpCase matmul(
      fmt::format("MatMul {} to {} m={} n={} inner={} transposes={}{} accumulate={}",
                  NameOf(types.in), NameOf(types.out), m, n, inner, a_flipped, b_flipped, adds),
      types.out);
  if (adds) {
    matmul.Accumulates(product, kForwardError);
  } else {
    matmul.Out(product);
  }
  matmul.InFloats(a).As(types.in).InFloats(b).As(types.in).Calls(
      [=](Backend& backend, const Tensors& t) {
        backend.MatMul(t[0], t[1], ta, t[2], tb, accumulate);
      });
  return matmul;
}

OpCase AddCase(DataType type, int64_t count) {
  const Array x = Random(type, {count}, "x");
  OpCase add(fmt::format("Add {} count={}", NameOf(type), count), type);
  add.Accumulates(x, kForwardError).In(x).Calls([](Backend& backend, const Tensors& t) {
    backend.Add(t[0], t[1]);
  });
  return add;
}

void AddBiasCases(std::vector<OpCase>& cases, DataType type, int64_t rows, int64_t width) {
  const Array x = Random(type, {rows, width}, "x"), bias = Random(type, {width}, "bias");
  cases.push_back(OpCase(fmt::format("AddBias n={} C={}", rows, width), type));
  cases.back()
      .InOut(x, reference::AddBias(x, bias), kForwardError)
      .In(bias)
      .Calls([](Backend& backend, const Tensors& t) { backend.AddBias(t[0], t[1]); });
  const Array d_out = Random(type, {rows, width}, "d_out");
  cases.push_back(OpCase(fmt::format("BiasBackward n={} C={}", rows, width), type));
  cases.back()
      .AccumulatesFloats(reference::BiasBackward(d_out))
      .In(d_out)
      .Calls([](Backend& backend, const Tensors& t) { backend.BiasBackward(t[0], t[1]); });
}

OpCase ScaleCase(DataType type, int64_t count) {
  const Array x = Random(type, {count}, "x");
  OpCase scale(fmt::format("Scale count={}", count), type);
  scale.InOut(x, reference::Scale(x, 1.7), kForwardError)
      .Calls([](Backend& backend, const Tensors& t) { backend.Scale(t[0], 1.7); });
  return scale;
}

// float32 to bfloat16 and back are exact but for one rounding.
OpCase ConvertCase(DataType to, DataType from, int64_t count) {
  const Array x = Random(from, {count}, "x");
  OpCase convert(fmt::format("Convert {} to {} count={}", NameOf(from), NameOf(to), count), to);
  convert.Out(Rounded(x, to), 0).InFloats(x).As(from).Calls([](Backend& backend, const Tensors& t) {
    backend.Convert(t[0], t[1]);
  });
  return convert;
}

void AddMatMulCases(std::vector<OpCase>& cases, MatMulTypes types) {
  const std::vector<std::vector<int64_t>> shapes = {
      {1, 1, 1}, {1, 7, 3}, {5, 1, 2}, {17, 33, 9}, {64, 64, 64}, {130, 70, 1}, {65, 129, 40}};
  for (const auto& s : shapes) {
    for (const Transpose ta : {Transpose::kNo, Transpose::kYes}) {
      for (const Transpose tb : {Transpose::kNo, Transpose::kYes}) {
        for (const Accumulate accumulate : {Accumulate::kNo, Accumulate::kYes}) {
          cases.push_back(MatMulCase(types, s[0], s[1], s[2], ta, tb, accumulate));
        }
      }
    }
  }
  // Several tiles in each direction, and the long inner dimension of a weight's gradient.
  cases.push_back(MatMulCase(types, 600, 40, 24, Transpose::kNo, Transpose::kYes, Accumulate::kNo));
  cases.push_back(MatMulCase(types, 2100, 9, 8, Transpose::kNo, Transpose::kNo, Accumulate::kNo));
  cases.push_back(
      MatMulCase(types, 140, 1100, 8, Transpose::kNo, Transpose::kYes, Accumulate::kYes));
  cases.push_back(
      MatMulCase(types, 48, 80, 1500, Transpose::kYes, Transpose::kNo, Accumulate::kYes));
  // No inner dimension: an empty sum.
  cases.push_back(MatMulCase(types, 3, 4, 0, Transpose::kNo, Transpose::kNo, Accumulate::kNo));
  cases.push_back(MatMulCase(types, 3, 4, 0, Transpose::kNo, Transpose::kNo, Accumulate::kYes));
}

}  // namespace

std::vector<OpCase> MatMulCases(DataType activations) {
  std::vector<OpCase> cases;
  AddMatMulCases(cases, {DataType::kFloat32, DataType::kFloat32});
  if (activations != DataType::kFloat32) {
    AddMatMulCases(cases, {activations, activations});
    AddMatMulCases(cases, {activations, DataType::kFloat32});
  }
  for (const int64_t count : {1, 2, 31, 1000, 200001}) {
    cases.push_back(AddCase(DataType::kFloat32, count));
    if (activations != DataType::kFloat32) cases.push_back(AddCase(activations, count));
    for (const DataType to : {DataType::kFloat32, DataType::kBFloat16}) {
      cases.push_back(ConvertCase(to, DataType::kFloat32, count));
      cases.push_back(ConvertCase(to, DataType::kBFloat16, count));
    }
  }
  for (const int64_t count : {1, 40, 70000}) cases.push_back(ScaleCase(activations, count));
  for (const int64_t width : {1, 7, 16, 65, 200}) {
    for (const int64_t rows : {1, 3, 500}) AddBiasCases(cases, activations, rows, width);
  }
  return cases;
}

std::vector<OpCase> EmbeddingCases(DataType type) {
  std::vector<OpCase> cases;
  for (const int64_t width : {1, 3, 16, 63, 130}) {
    for (const int64_t tokens : {1, 5, 300}) {
      const int64_t vocabulary = 7;
      const Array table = Random(type, {vocabulary, width}, "table");
      const Array ids = RandomInts({tokens}, "ids", 0, vocabulary);
      const Array d_out = Random(type, {tokens, width}, "d_out");
      cases.push_back(OpCase(fmt::format("EmbeddingForward n={} D={}", tokens, width), type));
      cases.back()
          .Out(reference::EmbeddingForward(table, ids))
          .In(table)
          .Ints(ids)
          .Calls([](Backend& backend, const Tensors& t) {
            backend.EmbeddingForward(t[0], t[1], t[2]);
          });
      cases.push_back(OpCase(fmt::format("EmbeddingBackward n={} D={}", tokens, width), type));
      cases.back()
          .AccumulatesFloats(reference::EmbeddingBackward(vocabulary, d_out, ids))
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

// Where documents begin that have about `mean` tokens each; empty for 0.
Array RandomStarts(const AttentionShape& shape, int64_t mean) {
  if (mean == 0) return {};
  const Array draws = RandomInts({shape.tokens()}, "documents", 0, mean);
  Array starts({shape.tokens()});
  for (int64_t t = 0; t < shape.tokens(); ++t) {
    const int64_t place = t % shape.length;
    starts(t) = place == 0 ? 0 : draws(t) == 0 ? static_cast<double>(place) : starts(t - 1);
  }
  return starts;
}

std::string NameOf(const AttentionShape& shape, const Array& starts) {
  const auto begins = std::set<double>(starts.values.begin(), starts.values.end()).size();
  return fmt::format("B={} L={} H={} K={} W={}{}", shape.sequences, shape.length, shape.heads,
                     shape.kv_heads, shape.head_width,
                     begins == 0 ? "" : fmt::format(" documents begin at {} places", begins));
}

void AddRopeCases(std::vector<OpCase>& cases, DataType type, const AttentionShape& shape,
                  int64_t width, int64_t document = 0) {
  const reference::Rotary rotary = {width};
  const Array starts = RandomStarts(shape, document);
  const bool divided = document > 0;
  const std::string name = fmt::format("{} R={}", NameOf(shape, starts), width);
  const Array cosines = reference::RopeCosines(shape.length, rotary);
  const Array sines = reference::RopeSines(shape.length, rotary);
  const Array qkv = Random(type, {shape.tokens(), shape.fused_width()}, "qkv");
  cases.push_back(OpCase("RopeForward " + name, type));
  cases.back()
      .InOut(qkv, reference::Rope(qkv, shape, rotary, false, starts), kForwardError)
      .InFloats(cosines)
      .InFloats(sines);
  if (divided) cases.back().Ints(starts).Optional();
  cases.back().Calls([=](Backend& backend, const Tensors& t) {
    backend.RopeForward(t[0], t[1], t[2], shape, divided ? t[3] : Tensor());
  });
  cases.push_back(OpCase("RopeBackward " + name, type));
  cases.back()
      .InOut(qkv, reference::Rope(qkv, shape, rotary, true, starts), kGradientError)
      .InFloats(cosines)
      .InFloats(sines);
  if (divided) cases.back().Ints(starts).Optional();
  cases.back().Calls([=](Backend& backend, const Tensors& t) {
    backend.RopeBackward(t[0], t[1], t[2], shape, divided ? t[3] : Tensor());
  });
}

// Sequences that go on: their documents begin before them, each as far as its tokens say.
OpCase ContinuedRopeCase(DataType type, const AttentionShape& shape, int64_t width, int64_t most) {
  const reference::Rotary rotary = {width};
  const Array starts = RandomInts({shape.tokens()}, "starts", -most, 0);
  const Array qkv = Random(type, {shape.tokens(), shape.fused_width()}, "qkv");
  OpCase rope(fmt::format("RopeForward {} up to {} earlier", NameOf(shape, starts), most), type);
  rope.InOut(qkv, reference::Rope(qkv, shape, rotary, false, starts), kForwardError)
      .InFloats(reference::RopeCosines(shape.length + most, rotary))
      .InFloats(reference::RopeSines(shape.length + most, rotary))
      .Ints(starts)
      .Optional()
      .Calls([=](Backend& backend, const Tensors& t) {
        backend.RopeForward(t[0], t[1], t[2], shape, t[3]);
      });
  return rope;
}

}  // namespace

std::vector<OpCase> RopeCases(DataType type) {
  std::vector<OpCase> cases;
  AddRopeCases(cases, type, {1, 1, 1, 1, 2}, 2);
  AddRopeCases(cases, type, {2, 5, 3, 1, 6}, 6);
  AddRopeCases(cases, type, {2, 5, 3, 1, 6}, 2);
  AddRopeCases(cases, type, {3, 40, 4, 2, 34}, 34);
  AddRopeCases(cases, type, {3, 40, 4, 2, 34}, 16);
  AddRopeCases(cases, type, {1, 100, 2, 2, 64}, 64);
  AddRopeCases(cases, type, {1, 100, 2, 2, 64}, 32);
  AddRopeCases(cases, type, {2, 50, 2, 1, 16}, 16, 7);
  cases.push_back(ContinuedRopeCase(type, {3, 1, 2, 1, 16}, 16, 90));
  cases.push_back(ContinuedRopeCase(type, {2, 9, 3, 1, 8}, 4, 20));
  return cases;
}

namespace {

// `spread` multiplies queries and keys: the larger, the more a softmax is one key's.
void AddAttentionCases(std::vector<OpCase>& cases, DataType type, const AttentionShape& shape,
                       double spread, int64_t document = 0) {
  const Array starts = RandomStarts(shape, document);
  const bool divided = document > 0;
  const std::string name = fmt::format("{} spread={}", NameOf(shape, starts), spread);
  const Array qkv = Random(type, {shape.tokens(), shape.fused_width()}, "qkv", spread);
  const Array d_out = Random(type, {shape.tokens(), shape.query_width()}, "d_out");
  const auto attention = reference::AttentionForward(qkv, shape, starts);
  cases.push_back(OpCase("AttentionForward " + name, type));
  cases.back()
      .Out(attention.out)
      .Roundings(2)  // the weights and the result
      .OutFloats(attention.log_sum_exp)
      .In(qkv);
  if (divided) cases.back().Ints(starts).Optional();
  cases.back().Calls([=](Backend& backend, const Tensors& t) {
    backend.AttentionForward(t[0], t[1], t[2], shape, divided ? t[3] : Tensor());
  });
  cases.push_back(OpCase("AttentionBackward " + name, type));
  cases.back()
      .Out(reference::AttentionBackward(d_out, qkv, shape, starts), kGradientError)
      .Roundings(4)  // attention.out, the weights, the scores' gradients and the result
      .In(d_out)
      .In(Rounded(attention.out, type))
      .InFloats(attention.log_sum_exp)
      .In(qkv);
  if (divided) cases.back().Ints(starts).Optional();
  cases.back().Calls([=](Backend& backend, const Tensors& t) {
    backend.AttentionBackward(t[0], t[1], t[2], t[3], t[4], shape, divided ? t[5] : Tensor());
  });
}

}  // namespace

std::vector<OpCase> AttentionCases(DataType type) {
  std::vector<OpCase> cases;
  for (const AttentionShape& shape :
       {AttentionShape{1, 1, 1, 1, 2}, AttentionShape{2, 2, 2, 1, 4}, AttentionShape{3, 7, 4, 2, 6},
        AttentionShape{2, 63, 3, 3, 32}, AttentionShape{1, 64, 6, 2, 16},
        AttentionShape{2, 65, 2, 1, 34}, AttentionShape{1, 200, 2, 1, 64},
        AttentionShape{1, 130, 1, 1, 128}, AttentionShape{1, 192, 2, 1, 64},
        AttentionShape{2, 64, 2, 2, 16}, AttentionShape{1, 128, 1, 1, 128}}) {
    AddAttentionCases(cases, type, shape, 1);
  }
  // Scores of some tens, and more keys than one block holds.
  AddAttentionCases(cases, type, {1, 97, 2, 2, 16}, 4);
  AddAttentionCases(cases, type, {1, 1100, 1, 1, 8}, 1);
  // Documents that are shorter and longer than a block of queries, down to one token.
  for (const int64_t document : {1, 9, 50, 150}) {
    AddAttentionCases(cases, type, {2, 7, 4, 2, 6}, 1, document);
    AddAttentionCases(cases, type, {2, 200, 2, 1, 16}, 1, document);
    AddAttentionCases(cases, type, {1, 333, 2, 2, 34}, 2, document);
    AddAttentionCases(cases, type, {2, 192, 2, 1, 64}, 1, document);
  }
  return cases;
}

namespace {

constexpr std::pair<Activation, const char*> kActivations[] = {
    {Activation::kSwiGlu, "SwiGlu"},     {Activation::kSquaredRelu, "SquaredRelu"},
    {Activation::kGeGlu, "GeGlu"},       {Activation::kGelu, "Gelu"},
    {Activation::kGeluTanh, "GeluTanh"},
};

}  // namespace

std::vector<OpCase> ActivationCases(DataType type) {
  std::vector<OpCase> cases;
  for (const auto& each : kActivations) {
    const Activation activation = each.first;
    for (const int64_t hidden : {1, 5, 16, 67, 200}) {
      for (const int64_t rows : {1, 4, 300}) {
        for (const bool weighted : {false, true}) {
          const Array x = Random(type, {rows, ActivationInputs(activation, hidden)}, "x", 3);
          const Array row_weight = weighted ? Random({rows}, "row_weight") : Array();
          const Array d_out = Random(type, {rows, hidden}, "d_out");
          const auto gradients = reference::ActivationBackward(d_out, x, row_weight, activation);
          const std::string name =
              fmt::format("{} R={} F={} weighted={}", each.second, rows, hidden, weighted);
          cases.push_back(OpCase("ActivationForward " + name, type));
          cases.back().Out(reference::ActivationForward(x, row_weight, activation)).In(x);
          weighted ? cases.back().InFloats(row_weight).Optional() : cases.back().Missing();
          cases.back().Calls([=](Backend& backend, const Tensors& t) {
            backend.ActivationForward(t[0], t[1], t[2], activation);
          });
          cases.push_back(OpCase("ActivationBackward " + name, type));
          cases.back().Out(gradients.d_x, kGradientError);
          weighted ? cases.back().OutFloats(gradients.d_row_weight, kGradientError).Optional()
                   : cases.back().Missing();
          cases.back().In(d_out).In(x);
          weighted ? cases.back().InFloats(row_weight).Optional() : cases.back().Missing();
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
