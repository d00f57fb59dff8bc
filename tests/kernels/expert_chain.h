// One layer's experts as one case: routing, dispatch, products and activation, forward and
// backward. What one op leaves in unserved rows the next one reads.
#pragma once

#include <string>
#include <vector>

#include "tests/kernels/op_case.h"

namespace upcycle {

struct ExpertChain {
  int64_t tokens = 0;
  int64_t experts = 0;
  int64_t top_k = 0;
  int64_t capacity = 0;
  int64_t width = 0;
  int64_t hidden = 0;
  Activation activation = Activation::kSwiGlu;
};

// Everything in between is an output that begins as NaN. `inputs` names the random numbers.
// Expectations hold for float32: in bfloat16 roundings add up.
OpCase MakeExpertChain(const ExpertChain& chain, ExpertPath path, const std::string& inputs = "a",
                       DataType type = DataType::kFloat32);

// Experts without rows, drops, no drops, one token, capacity 1, sizes that fit packs and not, both
// activations.
std::vector<ExpertChain> ExpertChains();

inline constexpr ExpertPath kExpertPaths[] = {ExpertPath::kGrouped, ExpertPath::kStreams,
                                              ExpertPath::kPadded};

}  // namespace upcycle
