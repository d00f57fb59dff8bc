// Small models of the families whose layers are other than Llama's: each trait in one of them.
#pragma once

#include "tests/experiments/run/training_fixture.h"

namespace upcycle {

struct FamilyCase {
  const char* name;
  Family family;
  bool experts;
  double rotary_share = 1;

  Architecture architecture() const {
    Architecture a = SmallArchitecture(experts);
    a.model.family = family;
    a.model.rotary_share = rotary_share;
    return a;
  }
};

inline constexpr FamilyCase kFamilyCases[] = {
    {"HalfRotatedNemotron", Family::kNemotron, false, 0.5},
    {"Qwen2", Family::kQwen2, false},
    {"Qwen3WithExperts", Family::kQwen3, true},
    {"GemmaWithExperts", Family::kGemma, true},
    {"Olmo", Family::kOlmo, false},
    {"Olmo2", Family::kOlmo2, false},
    {"Gpt2", Family::kGpt2, false},
    {"NeoX", Family::kNeoX, false, 0.25},
};

}  // namespace upcycle
