// Every case of the table on the CUDA backend's own kernels, in both element types, run on the
// host.
#include <gtest/gtest.h>

#include "kernels/cuda/attention_choice.h"
#include "tests/kernels/cuda/block_runner.h"
#include "tests/kernels/cuda/device.h"
#include "tests/kernels/cuda/tested_ops.h"
#include "tests/kernels/expert_chain.h"
#include "tests/kernels/op_refusals.h"

namespace upcycle {
namespace {

class CudaOps : public testing::TestWithParam<TestedOps> {
 protected:
  ~CudaOps() override { shim::SetOrder(shim::Order::kRising); }
};

INSTANTIATE_TEST_SUITE_P(, CudaOps, testing::ValuesIn(AllTestedOps()),
                         [](const auto& tested) { return tested.param.Name(); });

TEST_P(CudaOps, AgreeWithTheReferenceInWhateverOrderThreadsRunAndAllocateNothingAgain) {
  const auto backend = MakeCudaBackend(0, GetParam().type, AttentionChoice::kOwn);
  for (const OpCase& op_case : GetParam().Cases()) {
    shim::SetOrder(shim::Order::kRising);
    OpRun first(*backend, op_case);
    first.Prepare();
    first.Call();
    EXPECT_EQ(first.Mistakes(), "");
    shim::SetOrder(shim::Order::kFalling);
    OpRun second(*backend, op_case);
    second.Prepare();
    const int64_t before = shim::DeviceAllocations();
    second.Call();
    EXPECT_EQ(shim::DeviceAllocations() - before, 0) << op_case.name();
    EXPECT_TRUE(first.Outputs() == second.Outputs()) << op_case.name();
  }
}

TEST_P(CudaOps, RefuseTensorsOfAnotherTypeOrShapeOrWithoutMemory) {
  const auto backend = MakeCudaBackend(0, GetParam().type);
  for (const OpCase& op_case : GetParam().Cases()) {
    EXPECT_EQ(AcceptedMistakes(*backend, op_case), "");
  }
}

TEST(CudaExperts, ComputeALayerOnEveryPath) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
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

}  // namespace
}  // namespace upcycle
