// How the backend shares attention between cuDNN, of which the host has a stand-in, and own
// kernels.
#include <string>

#include <gtest/gtest.h>

#include "kernels/cuda/attention_choice.h"
#include "tests/kernels/cuda/cudnn_stand_in.h"
#include "tests/kernels/op_cases.h"

namespace upcycle {
namespace {

constexpr DataType kType = DataType::kBFloat16;

// Computes a case. How many of its calls cuDNN has computed.
int64_t CudnnCallsOf(Backend& backend, const OpCase& op_case) {
  OpRun run(backend, op_case);
  run.Prepare();
  const int64_t before = shim::CudnnCalls();
  run.Call();
  EXPECT_EQ(run.Mistakes(), "");
  return shim::CudnnCalls() - before;
}

bool Has(const OpCase& op_case, const std::string& words) {
  return op_case.name().find(words) != std::string::npos;
}

TEST(CudnnAttention, AgreesWithTheReferenceHoweverHeadsShareKeys) {
  const auto backend = MakeCudaBackend(0, kType);
  int64_t calls = 0;
  for (const OpCase& op_case : AttentionCases(kType)) calls += CudnnCallsOf(*backend, op_case);
  // Forward and backward of L=64 H=6 K=2, L=192 H=2 K=1 and L=64 H=2 K=2.
  EXPECT_EQ(calls, 6);
}

TEST(CudnnAttention, LeavesToOwnKernelsWhatItHasNoPlanFor) {
  const auto backend = MakeCudaBackend(0, kType);
  int64_t refused = 0;
  for (const OpCase& op_case : AttentionCases(kType)) {
    if (!Has(op_case, "L=128 H=1 ")) continue;
    EXPECT_EQ(CudnnCallsOf(*backend, op_case), 0) << op_case.name();
    ++refused;
  }
  EXPECT_EQ(refused, 2);
}

TEST(CudnnAttention, IsNotAskedWhereOwnKernelsAreWantedOrElementsAreFloat32) {
  const auto own = MakeCudaBackend(0, kType, AttentionChoice::kOwn);
  const auto wide = MakeCudaBackend(0, DataType::kFloat32);
  for (const OpCase& op_case : AttentionCases(kType)) {
    if (!Has(op_case, "L=64 ")) continue;
    EXPECT_EQ(CudnnCallsOf(*own, op_case), 0) << op_case.name();
  }
  for (const OpCase& op_case : AttentionCases(DataType::kFloat32)) {
    if (!Has(op_case, "L=64 ")) continue;
    EXPECT_EQ(CudnnCallsOf(*wide, op_case), 0) << op_case.name();
  }
}

TEST(CudnnAttention, IsNamedByABackendThatAsksIt) {
  EXPECT_EQ(MakeCudaBackend(0, kType)->Name(),
            "cuda:0 (host stand-in, bfloat16, attention by cuDNN 0.0.0)");
  EXPECT_EQ(MakeCudaBackend(0, kType, AttentionChoice::kOwn)->Name(),
            "cuda:0 (host stand-in, bfloat16)");
}

// Workspace beyond what there was moves the scratch memory that a recording refers to.
TEST(CudnnAttention, GivesTheSameBitsWhenItIsRepeated) {
  const auto backend = MakeCudaBackend(0, kType);
  for (const OpCase& op_case : AttentionCases(kType)) {
    if (!Has(op_case, "L=64 ")) continue;
    OpRun plain(*backend, op_case), repeated(*backend, op_case);
    plain.Prepare();
    plain.Call();
    std::unique_ptr<Recording> recording;
    for (int repeat = 0; repeat < 3; ++repeat) {
      repeated.Prepare();
      backend->Repeat(recording, [&] { repeated.Call(); });
      EXPECT_TRUE(plain.Outputs() == repeated.Outputs()) << op_case.name() << " " << repeat;
    }
  }
}

}  // namespace
}  // namespace upcycle
