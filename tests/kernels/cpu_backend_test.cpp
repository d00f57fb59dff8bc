// What holds of the CPU backend as a whole: memory, checks, numbers that are none.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "core/error.h"
#include "kernels/cpu/sgemm_rate.h"
#include "tests/caught_error.h"
#include "tests/kernels/allocations.h"
#include "tests/kernels/array.h"
#include "tests/kernels/instruction_sets.h"
#include "tests/kernels/op_cases.h"
#include "tests/kernels/op_refusals.h"
#include "tests/kernels/optimizer_state.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(CpuBackend, NamesItsInstructionSetAndThreads) {
  const ForcedInstructionSet forced(InstructionSets().back());
  EXPECT_EQ(MakeCpuBackend(1)->Name(), "cpu (portable, 1 thread)");
  EXPECT_EQ(MakeCpuBackend(2)->Name(), "cpu (portable, 2 threads)");
}

TEST(CpuBackend, RefusesLessThanOneThread) {
  EXPECT_EQ(CauseOf([] { MakeCpuBackend(0); }), Cause::kBug);
}

TEST(CpuBackend, AllocatesAlignedZeros) {
  const auto backend = MakeCpuBackend(1);
  for (const int64_t bytes : {0, 1, 63, 64, 100000}) {
    auto* memory = static_cast<unsigned char*>(backend->Allocate(bytes));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
    for (int64_t i = 0; i < bytes; ++i) ASSERT_EQ(memory[i], 0);
    std::memset(memory, 0xff, static_cast<size_t>(bytes));
    backend->Free(memory);
  }
}

TEST(CpuBackend, SaysHowMuchMemoryThereIsNot) {
  const auto backend = MakeCpuBackend(1);
  EXPECT_TRUE(Says(MessageOf([&] { backend->Allocate(int64_t{1} << 60); }, Cause::kMemory),
                   "1099511627776.0 MiB"));
}

TEST(CpuBackend, CopiesAndZeroes) {
  const auto backend = MakeCpuBackend(2);
  std::vector<float> x(300001), y(x.size(), kNaN);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  const Shape shape = {static_cast<int64_t>(x.size())};
  backend->Copy(Tensor(y.data(), shape), ConstTensor(x.data(), shape));
  EXPECT_EQ(x, y);
  backend->Zero(Tensor(x.data(), shape));
  EXPECT_EQ(x, std::vector<float>(x.size()));
  backend->CopyFromHost(Tensor(x.data(), shape), ConstTensor(y.data(), shape));
  EXPECT_EQ(x, y);
}

TEST(CpuBackend, CallsRepeatedWorkEveryTime) {
  const auto backend = MakeCpuBackend(1);
  std::unique_ptr<Recording> recording;
  int calls = 0;
  for (int repeat = 0; repeat < 3; ++repeat) backend->Repeat(recording, [&] { ++calls; });
  EXPECT_EQ(calls, 3);
}

class CpuBackendOps : public testing::TestWithParam<OpCaseGroup> {};

INSTANTIATE_TEST_SUITE_P(, CpuBackendOps, testing::ValuesIn(kOpCaseGroups),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(CpuBackendOps, AllocateNothing) {
  if (!CountsAllocations()) GTEST_SKIP() << "the sanitizer has its own malloc";
  for (const int threads : {1, 2}) {
    const auto backend = MakeCpuBackend(threads);
    for (const OpCase& op_case : GetParam().cases(DataType::kFloat32)) {
      OpRun run(*backend, op_case);
      run.Prepare();
      run.Call();  // what libraries set up at their first call
      const int64_t before = AllocationsSoFar();
      run.Call();
      run.Call();
      EXPECT_EQ(AllocationsSoFar() - before, 0) << op_case.name() << ", " << threads;
    }
  }
}

TEST_P(CpuBackendOps, RefuseTensorsOfAnotherTypeOrShapeOrWithoutMemory) {
  const auto backend = MakeCpuBackend(1);
  for (const OpCase& op_case : GetParam().cases(DataType::kFloat32)) {
    EXPECT_EQ(AcceptedMistakes(*backend, op_case), "");
  }
}

TEST(CpuBackend, RefusesAnOutputThatIsAnInput) {
  const auto backend = MakeCpuBackend(1);
  std::vector<float> x(16);
  const Tensor square(x.data(), {4, 4});
  EXPECT_EQ(
      CauseOf([&] { backend->MatMul(square, square, Transpose::kNo, square, Transpose::kNo); }),
      Cause::kBug);
}

TEST(CpuBackend, RefusesTokensOutsideTheVocabulary) {
  const auto backend = MakeCpuBackend(1);
  std::vector<float> table(6), out(2), losses(1), logits(3);
  for (const int32_t token : {-2, 3, 1 << 30}) {
    std::vector<int32_t> ids = {token};
    EXPECT_EQ(CauseOf([&] {
                backend->EmbeddingForward(Tensor(out.data(), {1, 2}),
                                          ConstTensor(table.data(), {3, 2}),
                                          ConstTensor(ids.data(), {1}));
              }),
              Cause::kBug);
    EXPECT_EQ(CauseOf([&] {
                backend->EmbeddingBackward(Tensor(table.data(), {3, 2}),
                                           ConstTensor(out.data(), {1, 2}),
                                           ConstTensor(ids.data(), {1}));
              }),
              Cause::kBug);
    EXPECT_EQ(CauseOf([&] {
                backend->CrossEntropyForward(Tensor(losses.data(), {1}),
                                             ConstTensor(logits.data(), {1, 3}),
                                             ConstTensor(ids.data(), {1}));
              }),
              Cause::kBug);
  }
}

TEST(CpuBackend, RefusesExpertsThatDoNotExist) {
  const auto backend = MakeCpuBackend(1);
  std::vector<int32_t> expert = {0, 2}, counts(2), offsets(2), row_of(2), assignment_of(2);
  std::vector<float> weight(2);
  const Dispatch dispatch = {Tensor(counts.data(), {2}), Tensor(offsets.data(), {2}),
                             Tensor(row_of.data(), {2, 1}), Tensor(assignment_of.data(), {2})};
  EXPECT_EQ(CauseOf([&] {
              backend->PlanDispatch(dispatch, ConstTensor(expert.data(), {2, 1}),
                                    ConstTensor(weight.data(), {2, 1}), 2, DropPolicy::kProbs);
            }),
            Cause::kBug);
}

// A probability of zero times a value that is not a number is none either, so the mask alone does
// not keep a spoilt value from the few earlier positions that share its strip.
TEST(CpuBackend, AttentionKeepsNaNFromEarlierStripsAndOtherSequences) {
  const auto backend = MakeCpuBackend(1);
  const AttentionShape shape = {
      .sequences = 2, .length = 70, .heads = 2, .kv_heads = 1, .head_width = 4};
  const auto qkv_width = static_cast<size_t>(shape.fused_width());
  std::vector<float> qkv(static_cast<size_t>(shape.tokens()) * qkv_width, 0.5f);
  const size_t strip = 64, spoilt = 66, next_sequence = 70;
  for (size_t i = 0; i < qkv_width; ++i) qkv[spoilt * qkv_width + i] = kNaN;
  std::vector<float> out(static_cast<size_t>(shape.tokens() * shape.query_width()));
  std::vector<float> log_sum_exp(static_cast<size_t>(shape.tokens() * shape.heads));
  backend->AttentionForward(Tensor(out.data(), {shape.tokens(), shape.query_width()}),
                            Tensor(log_sum_exp.data(), {2, 2, 70}),
                            ConstTensor(qkv.data(), {shape.tokens(), shape.fused_width()}), shape);
  for (size_t t = 0; t < 2 * next_sequence; ++t) {
    if (t >= strip && t < spoilt) continue;
    EXPECT_EQ(std::isnan(out[t * 8]), t >= spoilt && t < next_sequence) << "token " << t;
  }
}

TEST(CpuBackend, CrossEntropyKeepsNaNToItsRow) {
  const auto backend = MakeCpuBackend(1);
  std::vector<float> logits = {1, 2, 3, 1, kNaN, 3, 1, 2, 3}, losses(3);
  const std::vector<int32_t> targets = {0, 0, 2};
  backend->CrossEntropyBackward(Tensor(losses.data(), {3}), Tensor(logits.data(), {3, 3}),
                                ConstTensor(targets.data(), {3}), 1);
  EXPECT_FALSE(std::isnan(losses[0]));
  EXPECT_TRUE(std::isnan(losses[1]));
  EXPECT_TRUE(std::isnan(logits[3]));
  EXPECT_FALSE(std::isnan(losses[2]));
  EXPECT_FALSE(std::isnan(logits[6]));
}

TEST(CpuBackend, AdamWShowsANormThatIsNotANumber) {
  const auto backend = MakeCpuBackend(1);
  std::vector<float> weights = {1}, m(1), v(1), gradient = {1}, norm = {kNaN};
  const Moments moments = {
      .m = Tensor(m.data(), {1}), .v = Tensor(v.data(), {1}), .m_scales = {}, .v_scales = {}};
  backend->AdamW(Tensor(weights.data(), {1}), moments, ConstTensor(gradient.data(), {1}),
                 ConstTensor(norm.data(), {1}),
                 {.learning_rate = 0.1,
                  .beta1 = 0.9,
                  .beta2 = 0.9,
                  .epsilon = 1e-8,
                  .weight_decay = 0,
                  .clip_norm = 1,
                  .step = 1});
  EXPECT_TRUE(std::isnan(weights[0]));
}

TEST(CpuBackend, AdamWGivesEqualMomentsInFewerBitsOnEveryInstructionSet) {
  const Array x = Random({1000}, "gradient");
  const std::vector<float> gradient(x.values.begin(), x.values.end());
  for (const DataType type : {DataType::kBFloat16, DataType::kUInt8}) {
    std::vector<StateBits> bits;
    for (const int64_t target : InstructionSets()) {
      const ForcedInstructionSet forced(target);
      const auto backend = MakeCpuBackend(1);
      OptimizerState state(*backend, type, 1000);
      for (int64_t step = 1; step <= 3; ++step) {
        state.Step(
            gradient,
            {.learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .step = step});
      }
      bits.push_back(state.Bits());
    }
    for (const StateBits& other : bits) EXPECT_TRUE(other == bits[0]);
  }
}

TEST(CpuBackend, ActivationsKeepNaN) {
  const auto backend = MakeCpuBackend(1);
  std::vector<float> x = {kNaN, 1}, one(1), two(2);
  backend->ActivationForward(Tensor(one.data(), {1, 1}), ConstTensor(x.data(), {1, 2}), {},
                             Activation::kSwiGlu);
  EXPECT_TRUE(std::isnan(one[0]));
  backend->ActivationForward(Tensor(two.data(), {1, 2}), ConstTensor(x.data(), {1, 2}), {},
                             Activation::kSquaredRelu);
  EXPECT_TRUE(std::isnan(two[0]));
  EXPECT_EQ(two[1], 1);
}

TEST(SgemmRate, IsThatOfAMachine) {
  const double gflops = MeasureSgemmGflops(1, 0.01);
  EXPECT_GT(gflops, 0.1);
  EXPECT_LT(gflops, 1e5);
}

}  // namespace
}  // namespace upcycle

// Memory that there is not must be refused under a sanitizer as it is without.
#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
#elif defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }
#endif
