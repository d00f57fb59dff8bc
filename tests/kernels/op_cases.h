// The table of cases: every op, forward and backward, over a grid of shapes with odd sizes, sizes
// of one, experts without rows and all rows on one expert; each for float32 or bfloat16
// activations.
#pragma once

#include <ostream>
#include <vector>

#include "tests/kernels/op_case.h"

namespace upcycle {

std::vector<OpCase> MatMulCases(DataType activations);
std::vector<OpCase> EmbeddingCases(DataType activations);
std::vector<OpCase> NormCases(DataType activations);
std::vector<OpCase> RopeCases(DataType activations);
std::vector<OpCase> AttentionCases(DataType activations);
std::vector<OpCase> CachedCases(DataType activations);
std::vector<OpCase> ActivationCases(DataType activations);
std::vector<OpCase> RouterCases(DataType activations);
std::vector<OpCase> DispatchCases(DataType activations);
std::vector<OpCase> ExpertMatMulCases(DataType activations);
std::vector<OpCase> LossCases(DataType activations);
std::vector<OpCase> OptimizerCases(DataType activations);

struct OpCaseGroup {
  const char* name;
  std::vector<OpCase> (*cases)(DataType activations);
};

inline void PrintTo(const OpCaseGroup& group, std::ostream* out) { *out << group.name; }

inline constexpr OpCaseGroup kOpCaseGroups[] = {
    {"MatMul", MatMulCases},
    {"Embedding", EmbeddingCases},
    {"Norm", NormCases},
    {"Rope", RopeCases},
    {"Attention", AttentionCases},
    {"Cached", CachedCases},
    {"Activation", ActivationCases},
    {"Router", RouterCases},
    {"Dispatch", DispatchCases},
    {"ExpertMatMul", ExpertMatMulCases},
    {"Loss", LossCases},
    {"Optimizer", OptimizerCases},
};

}  // namespace upcycle
