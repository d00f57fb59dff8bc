// Cases of dispatch and of products over experts, in every layout of rows.
#include <fmt/format.h>

#include "tests/kernels/op_cases.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

using Tensors = std::vector<Tensor>;

constexpr double kNothing = 0;  // integers and copies are exact

constexpr ExpertPath kPaths[] = {ExpertPath::kGrouped, ExpertPath::kStreams, ExpertPath::kPadded};

const char* NameOf(ExpertPath path) {
  return path == ExpertPath::kGrouped   ? "grouped"
         : path == ExpertPath::kStreams ? "streams"
                                        : "padded";
}

struct ExpertShape {
  const char* name;
  int64_t tokens;
  int64_t experts;
  int64_t top_k;
  int64_t capacity;
  bool all_on_one = false;
  ExpertPath path = ExpertPath::kGrouped;

  int64_t rows() const { return path == ExpertPath::kPadded ? experts * capacity : tokens * top_k; }
  ExpertShape On(ExpertPath other) const {
    ExpertShape shape = *this;
    shape.path = other;
    return shape;
  }
  std::string Name(const char* op, DropPolicy policy, int64_t width) const {
    return fmt::format("{} {}: n={} E={} T={} C={} {} {} D={}", op, name, tokens, experts, top_k,
                       capacity, NameOf(path), policy == DropPolicy::kProbs ? "probs" : "position",
                       width);
  }
};

constexpr ExpertShape kExpertShapes[] = {
    {"single", 1, 1, 1, 1},
    {"dropless", 37, 5, 2, 37},
    {"some drops", 64, 8, 2, 14},
    {"capacity 0", 9, 4, 2, 0},
    {"capacity 1", 9, 4, 2, 1},
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
  made.plan =
      reference::PlanDispatch(made.expert, made.weight, s.experts, s.capacity, policy, s.path);
  return made;
}

// The dispatch as the next four arguments of a call.
OpCase& WithPlan(OpCase& op_case, const reference::Planned& plan) {
  return op_case.Ints(plan.counts).Ints(plan.offsets).Ints(plan.row_of).Ints(plan.assignment_of);
}

Dispatch DispatchFrom(const Tensors& t, size_t first, ExpertPath path) {
  return {t[first], t[first + 1], t[first + 2], t[first + 3], path};
}

OpCase PlanDispatchCase(const ExpertShape& s, const ExpertCase& made, DropPolicy policy) {
  OpCase plan(s.Name("PlanDispatch", policy, 0));
  plan.OutInts(made.plan.counts)
      .OutInts(made.plan.offsets)
      .OutInts(made.plan.row_of)
      .OutInts(made.plan.assignment_of)
      .Ints(made.expert)
      .InFloats(made.weight)
      .Calls([s, policy](Backend& backend, const Tensors& t) {
        backend.PlanDispatch(DispatchFrom(t, 0, s.path), t[4], t[5], s.capacity, policy);
      });
  return plan;
}

void AddRowCases(std::vector<OpCase>& cases, const ExpertShape& s, const ExpertCase& made,
                 DropPolicy policy, int64_t width, DataType type) {
  const Array x = Random(type, {s.tokens, width}, "x");
  const Array rows = Random(type, {s.rows(), width}, "rows");
  cases.push_back(OpCase(s.Name("GatherRows", policy, width), type));
  WithPlan(cases.back().Out(reference::GatherRows(x, made.plan), kNothing).In(x), made.plan)
      .Calls([s](Backend& backend, const Tensors& t) {
        backend.GatherRows(t[0], t[1], DispatchFrom(t, 2, s.path));
      });
  const Array combined = reference::CombineRows(rows, made.plan);
  cases.push_back(OpCase(s.Name("CombineRows", policy, width), type));
  WithPlan(cases.back().Out(combined).In(rows), made.plan)
      .Calls([s](Backend& backend, const Tensors& t) {
        backend.CombineRows(t[0], t[1], DispatchFrom(t, 2, s.path));
      });
  cases.push_back(OpCase(s.Name("CombineRows, accumulating", policy, width), type));
  WithPlan(cases.back().Accumulates(combined, kForwardError).In(rows), made.plan)
      .Calls([s](Backend& backend, const Tensors& t) {
        backend.CombineRows(t[0], t[1], DispatchFrom(t, 2, s.path), Accumulate::kYes);
      });
}

void AddWeightCases(std::vector<OpCase>& cases, const ExpertShape& s, const ExpertCase& made,
                    DropPolicy policy) {
  const Array d_row_weight = Random({s.rows()}, "d_row_weight");
  cases.push_back(OpCase(s.Name("GatherWeights", policy, 0)));
  WithPlan(cases.back()
               .OutFloats(reference::GatherWeights(made.weight, made.plan), kNothing)
               .InFloats(made.weight),
           made.plan)
      .Calls([s](Backend& backend, const Tensors& t) {
        backend.GatherWeights(t[0], t[1], DispatchFrom(t, 2, s.path));
      });
  cases.push_back(OpCase(s.Name("ScatterWeights", policy, 0)));
  WithPlan(cases.back()
               .OutFloats(reference::ScatterWeights(d_row_weight, made.plan), kNothing)
               .InFloats(d_row_weight),
           made.plan)
      .Calls([s](Backend& backend, const Tensors& t) {
        backend.ScatterWeights(t[0], t[1], DispatchFrom(t, 2, s.path));
      });
}

using Product = void (Backend::*)(Tensor, ConstTensor, ConstTensor, const Dispatch&);

// The plan as arguments 3 to 6 of a product. Streams must be told of it by PlanDispatch.
void WithPlanOfPath(OpCase& op_case, const ExpertShape& s, const ExpertCase& made,
                    Product product) {
  if (s.path != ExpertPath::kStreams) {
    WithPlan(op_case, made.plan).Calls([s, product](Backend& backend, const Tensors& t) {
      (backend.*product)(t[0], t[1], t[2], DispatchFrom(t, 3, s.path));
    });
    return;
  }
  op_case.OutInts(made.plan.counts)
      .OutInts(made.plan.offsets)
      .OutInts(made.plan.row_of)
      .OutInts(made.plan.assignment_of)
      .Ints(made.expert)
      .InFloats(made.weight)
      .Calls([s, product](Backend& backend, const Tensors& t) {
        const Dispatch dispatch = DispatchFrom(t, 3, s.path);
        backend.PlanDispatch(dispatch, t[7], t[8], s.capacity, DropPolicy::kProbs);
        (backend.*product)(t[0], t[1], t[2], dispatch);
      });
}

// With 0 for every unserved row.
Array WithZeros(Array rows, const reference::Planned& plan) {
  for (int64_t i = 0; i < rows.size(); ++i) {
    if (plan.assignment_of(i / rows.dim(1)) < 0) rows(i) = 0;
  }
  return rows;
}

void AddExpertMatMulCases(std::vector<OpCase>& cases, const ExpertShape& s, int64_t inputs,
                          int64_t outputs, DataType type) {
  const DropPolicy policy = DropPolicy::kProbs;
  const ExpertCase made = MakeExpertCase(s, policy);
  // What the padded layout leaves unserved is zero and stays so; elsewhere it is not looked at.
  const auto of_path = [&](Array array) {
    return s.path == ExpertPath::kPadded ? WithZeros(array, made.plan) : array;
  };
  const Array rows = of_path(Random(type, {s.rows(), inputs}, "rows"));
  const Array d_out = of_path(Random(type, {s.rows(), outputs}, "d_out"));
  const Array weights = Random(type, {s.experts, outputs, inputs}, "weights");
  cases.push_back(OpCase(s.Name("ExpertMatMul", policy, inputs), type));
  cases.back().Out(of_path(reference::ExpertMatMul(rows, weights, made.plan))).In(rows).In(weights);
  WithPlanOfPath(cases.back(), s, made, &Backend::ExpertMatMul);
  cases.push_back(OpCase(s.Name("ExpertMatMulBackwardRows", policy, inputs), type));
  cases.back()
      .Out(of_path(reference::ExpertMatMulBackwardRows(d_out, weights, made.plan)), kGradientError)
      .In(d_out)
      .In(weights);
  WithPlanOfPath(cases.back(), s, made, &Backend::ExpertMatMulBackwardRows);
  cases.push_back(OpCase(s.Name("ExpertMatMulBackwardWeights", policy, inputs), type));
  cases.back()
      .AccumulatesFloats(reference::ExpertMatMulBackwardWeights(d_out, rows, made.plan))
      .In(d_out)
      .In(rows);
  WithPlanOfPath(cases.back(), s, made, &Backend::ExpertMatMulBackwardWeights);
}

}  // namespace

std::vector<OpCase> DispatchCases(DataType type) {
  std::vector<OpCase> cases;
  for (const ExpertShape& shape : kExpertShapes) {
    for (const ExpertPath path : kPaths) {
      const ExpertShape s = shape.On(path);
      for (const DropPolicy policy : {DropPolicy::kProbs, DropPolicy::kPosition}) {
        const ExpertCase made = MakeExpertCase(s, policy);
        cases.push_back(PlanDispatchCase(s, made, policy));
        if (path == ExpertPath::kStreams) continue;  // rows lie and move as for kGrouped
        for (const int64_t width : {1, 19, 64}) AddRowCases(cases, s, made, policy, width, type);
        AddWeightCases(cases, s, made, policy);
      }
    }
  }
  return cases;
}

std::vector<OpCase> ExpertMatMulCases(DataType type) {
  std::vector<OpCase> cases;
  for (const ExpertShape& shape : kExpertShapes) {
    for (const ExpertPath path : kPaths) {
      const ExpertShape s = shape.On(path);
      AddExpertMatMulCases(cases, s, 13, 20, type);
      if (path == ExpertPath::kStreams) continue;  // planning takes long on a GPU that is none
      AddExpertMatMulCases(cases, s, 1, 1, type);
      AddExpertMatMulCases(cases, s, 33, 6, type);
      AddExpertMatMulCases(cases, s, 16, 24, type);
    }
  }
  // Several tiles of a GPU in each direction.
  const ExpertShape several = {"several tiles", 300, 2, 2, 290};
  for (const ExpertPath path : {ExpertPath::kGrouped, ExpertPath::kPadded}) {
    AddExpertMatMulCases(cases, several.On(path), 72, 264, type);
  }
  return cases;
}

}  // namespace upcycle
