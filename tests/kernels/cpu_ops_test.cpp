// Every case of the table on the CPU backend.
#include <gtest/gtest.h>

#include "tests/kernels/expert_chain.h"
#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/op_cases.h"

namespace upcycle {
namespace {

class CpuOps : public testing::TestWithParam<OpCaseGroup> {};

TEST_P(CpuOps, AgreeWithTheReferenceOnEveryInstructionSet) {
  const std::vector<OpCase> cases = GetParam().cases(DataType::kFloat32);
  for (const int64_t target : InstructionSets()) {
    const ForcedInstructionSet forced(target);
    const auto backend = MakeCpuBackend(1);
    for (const OpCase& op_case : cases) {
      OpRun run(*backend, op_case);
      run.Prepare();
      run.Call();
      EXPECT_EQ(run.Mistakes(), "") << backend->Name();
    }
  }
}

TEST_P(CpuOps, GiveTheSameBitsForOneTwoAndThreeThreads) {
  const auto one = MakeCpuBackend(1);
  for (const OpCase& op_case : GetParam().cases(DataType::kFloat32)) {
    OpRun expected(*one, op_case);
    expected.Prepare();
    expected.Call();
    for (const int threads : {2, 3}) {
      const auto several = MakeCpuBackend(threads);
      OpRun run(*several, op_case);
      run.Prepare();
      run.Call();
      EXPECT_TRUE(run.Outputs() == expected.Outputs()) << op_case.name() << ", " << threads;
    }
  }
}

TEST(CpuExperts, ComputeALayersExpertsInEveryLayout) {
  const auto backend = MakeCpuBackend(2);
  for (const ExpertChain& chain : ExpertChains()) {
    for (const ExpertPath path : kExpertPaths) {
      const OpCase op_case = MakeExpertChain(chain, path);
      OpRun run(*backend, op_case);
      run.Prepare();
      run.Call();
      EXPECT_EQ(run.Mistakes(), "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, CpuOps, testing::ValuesIn(kOpCaseGroups),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace upcycle
