// Running a test once for each instruction set that this machine has.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/simd.h"

namespace upcycle {

// Those that the vector bodies are compiled for and this machine can run, the portable one
// included.
inline std::vector<int64_t> InstructionSets() { return hwy::SupportedAndGeneratedTargets(); }

// Makes all bodies use one instruction set until the end of the scope.
class ForcedInstructionSet {
 public:
  explicit ForcedInstructionSet(int64_t target) { hwy::SetSupportedTargetsForTest(target); }
  ~ForcedInstructionSet() { hwy::SetSupportedTargetsForTest(0); }
  ForcedInstructionSet(const ForcedInstructionSet&) = delete;
  ForcedInstructionSet& operator=(const ForcedInstructionSet&) = delete;
};

}  // namespace upcycle
