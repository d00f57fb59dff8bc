// Every case of the table on a real GPU, in both element types.
#include <gtest/gtest.h>

#include "kernels/cuda/attention_choice.h"
#include "tests/kernels/cuda/tested_ops.h"
#include "tests/kernels/expert_chain.h"

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

void ExpectAgreementAndTheSameBitsAgain(Backend& backend, const OpCase& op_case) {
  OpRun first(backend, op_case);
  first.Prepare();
  first.Call();
  EXPECT_EQ(first.Mistakes(), "") << backend.Name();
  OpRun second(backend, op_case);
  second.Prepare();
  second.Call();
  EXPECT_TRUE(first.Outputs() == second.Outputs()) << op_case.name() << " " << backend.Name();
}

TEST_P(CudaDevice, AgreesWithTheReferenceAndGivesTheSameBitsAgain) {
  const auto backend = MakeCudaBackend(0, GetParam().type);
  for (const OpCase& op_case : GetParam().Cases()) {
    ExpectAgreementAndTheSameBitsAgain(*backend, op_case);
  }
}

TEST(CudaDeviceAttention, AgreesWithTheReferenceByOwnKernelsToo) {
  if (CudaDeviceCount() == 0) GTEST_SKIP() << "no GPU here, or no CUDA in this build";
  const auto backend = MakeCudaBackend(0, DataType::kBFloat16, AttentionChoice::kOwn);
  for (const OpCase& op_case : AttentionCases(DataType::kBFloat16)) {
    ExpectAgreementAndTheSameBitsAgain(*backend, op_case);
  }
}

TEST(CudaDeviceExperts, ComputeALayerOnEveryPathAndAgainWhenItIsRepeated) {
  if (CudaDeviceCount() == 0) GTEST_SKIP() << "no GPU here, or no CUDA in this build";
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  for (const ExpertChain& chain : ExpertChains()) {
    for (const ExpertPath path : kExpertPaths) {
      const OpCase op_case = MakeExpertChain(chain, path);
      OpRun run(*backend, op_case);
      std::unique_ptr<Recording> recording;
      for (int repeat = 0; repeat < 3; ++repeat) {
        run.Prepare();
        backend->Repeat(recording, [&] { run.Call(); });
        EXPECT_EQ(run.Mistakes(), "") << repeat;
      }
    }
  }
}

}  // namespace
}  // namespace upcycle
