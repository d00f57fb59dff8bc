// Every case of the table on a real GPU, in both element types.
#include <gtest/gtest.h>

#include "tests/kernels/cuda/tested_ops.h"

namespace upcycle {
namespace {

class CudaDevice : public testing::TestWithParam<TestedOps> {
 protected:
  void SetUp() override {
    if (CudaDeviceCount() == 0) GTEST_SKIP() << "no GPU here, or no CUDA in this build";
  }
};

INSTANTIATE_TEST_SUITE_P(, CudaDevice, testing::ValuesIn(AllTestedOps()),
                         [](const auto& tested) { return tested.param.Name(); });

TEST_P(CudaDevice, AgreesWithTheReferenceAndGivesTheSameBitsAgain) {
  const auto backend = MakeCudaBackend(0, GetParam().type);
  for (const OpCase& op_case : GetParam().Cases()) {
    OpRun first(*backend, op_case);
    first.Prepare();
    first.Call();
    EXPECT_EQ(first.Mistakes(), "");
    OpRun second(*backend, op_case);
    second.Prepare();
    second.Call();
    EXPECT_TRUE(first.Outputs() == second.Outputs()) << op_case.name();
  }
}

}  // namespace
}  // namespace upcycle
