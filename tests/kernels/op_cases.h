// The table of cases: every op, forward and backward, over a grid of shapes with odd sizes, sizes
// of one, experts without rows and all rows on one expert.
#pragma once

#include <ostream>
#include <vector>

#include "tests/kernels/op_case.h"

namespace upcycle {

std::vector<OpCase> MatMulCases();
std::vector<OpCase> EmbeddingCases();
std::vector<OpCase> NormCases();
std::vector<OpCase> RopeCases();
std::vector<OpCase> AttentionCases();
std::vector<OpCase> ActivationCases();
std::vector<OpCase> RouterCases();
std::vector<OpCase> DispatchCases();
std::vector<OpCase> ExpertMatMulCases();
std::vector<OpCase> LossCases();
std::vector<OpCase> OptimizerCases();

struct OpCaseGroup {
  const char* name;
  std::vector<OpCase> (*cases)();
};

inline void PrintTo(const OpCaseGroup& group, std::ostream* out) { *out << group.name; }

inline constexpr OpCaseGroup kOpCaseGroups[] = {
    {"MatMul", MatMulCases}, {"Embedding", EmbeddingCases}, {"Norm", NormCases},
    {"Rope", RopeCases},     {"Attention", AttentionCases}, {"Activation", ActivationCases},
    {"Router", RouterCases}, {"Dispatch", DispatchCases},   {"ExpertMatMul", ExpertMatMulCases},
    {"Loss", LossCases},     {"Optimizer", OptimizerCases},
};

}  // namespace upcycle
