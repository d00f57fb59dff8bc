// What holds of the CUDA backend as a whole, with kernels run on the host.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "kernels/backend.h"
#include "kernels/gpus.h"
#include "tests/caught_error.h"
#include "tests/kernels/array.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// On the host, tensors of the stand-in device may lie in a vector.
template <typename T>
Tensor View(std::vector<T>& values, Shape shape) {
  return Tensor(values.data(), shape);
}

TEST(CudaBackend, SaysWhatItIs) {
  EXPECT_EQ(MakeCudaBackend(0, DataType::kFloat32)->Name(), "cuda:0 (host stand-in, float32)");
  EXPECT_EQ(MakeCudaBackend(0, DataType::kBFloat16)->ActivationType(), DataType::kBFloat16);
}

TEST(CudaBackend, RefusesADeviceThatIsNotThere) {
  EXPECT_EQ(CauseOf([] { MakeCudaBackend(1, DataType::kFloat32); }), Cause::kDevice);
  EXPECT_EQ(CauseOf([] { MakeCudaBackend(-1, DataType::kFloat32); }), Cause::kDevice);
}

TEST(CudaBackend, IsFoundWithItsMemory) {
  const GpuSurvey survey = SurveyGpus();
  EXPECT_EQ(survey.problem, "");
  ASSERT_EQ(survey.gpus.size(), 1u);
  EXPECT_EQ(survey.gpus[0].name, "host stand-in");
  EXPECT_GT(survey.gpus[0].free_bytes, 0);
  EXPECT_LE(survey.gpus[0].free_bytes, survey.gpus[0].memory_bytes);
}

TEST(CudaBackend, AllocatesZeros) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  for (const int64_t bytes : {0, 1, 1000}) {
    auto* memory = static_cast<unsigned char*>(backend->Allocate(bytes));
    for (int64_t i = 0; i < bytes; ++i) ASSERT_EQ(memory[i], 0);
    backend->Free(memory);
  }
}

TEST(CudaBackend, SaysHowMuchMemoryThereIsNot) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  EXPECT_TRUE(Says(MessageOf([&] { backend->Allocate(int64_t{1} << 50); }, Cause::kDeviceMemory),
                   "cannot allocate 1073741824.0 MiB on the GPU, which has"));
}

TEST(CudaBackend, ReportsATokenOutsideTheVocabularyWhenResultsAreRead) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  std::vector<float> table(6), out(2, 7), losses(1), logits(3);
  for (const int32_t token : {-2, 3, 1 << 30}) {
    std::vector<int32_t> ids = {token};
    backend->EmbeddingForward(View(out, {1, 2}), View(table, {3, 2}), View(ids, {1}));
    EXPECT_EQ(CauseOf([&] { backend->CopyToHost(View(losses, {1}), View(losses, {1})); }),
              Cause::kBug);
    backend->EmbeddingBackward(View(table, {3, 2}), View(out, {1, 2}), View(ids, {1}));
    EXPECT_EQ(CauseOf([&] { backend->CopyToHost(View(losses, {1}), View(losses, {1})); }),
              Cause::kBug);
    backend->CrossEntropyForward(View(losses, {1}), View(logits, {1, 3}), View(ids, {1}));
    EXPECT_EQ(CauseOf([&] { backend->CopyToHost(View(losses, {1}), View(losses, {1})); }),
              Cause::kBug);
    EXPECT_EQ(table, std::vector<float>(6));
    EXPECT_EQ(out, std::vector<float>(2, 7));
  }
  backend->CopyToHost(View(losses, {1}), View(losses, {1}));  // once is enough
}

struct Plan {
  Plan(int64_t tokens, int64_t experts, int64_t top_k)
      : counts(static_cast<size_t>(experts)),
        offsets(static_cast<size_t>(experts)),
        row_of(static_cast<size_t>(tokens * top_k)),
        assignment_of(row_of.size()),
        dispatch{View(counts, {experts}), View(offsets, {experts}), View(row_of, {tokens, top_k}),
                 View(assignment_of, {tokens * top_k})} {}

  std::vector<int32_t> counts, offsets, row_of, assignment_of;
  Dispatch dispatch;
};

TEST(CudaBackend, ReportsExpertsThatDoNotExist) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  std::vector<int32_t> expert = {0, 2}, counts(2);
  std::vector<float> weight(2);
  Plan plan(2, 2, 1);
  backend->PlanDispatch(plan.dispatch, View(expert, {2, 1}), View(weight, {2, 1}), 2,
                        DropPolicy::kProbs);
  EXPECT_EQ(CauseOf([&] { backend->CopyToHost(View(weight, {2}), View(weight, {2})); }),
            Cause::kBug);
  EXPECT_EQ(plan.row_of, (std::vector<int32_t>{0, -1}));
  backend->CountAssignments(View(counts, {1, 2}), View(expert, {2, 1}));
  EXPECT_EQ(CauseOf([&] { backend->CopyToHost(View(weight, {2}), View(weight, {2})); }),
            Cause::kBug);
}

// Weights of few values, so that most comparisons are ties, and some that are no numbers; more
// assignments than threads of a block.
TEST(CudaBackend, PlansAsTheCpuDoesAmongTiesAndNumbersThatAreNone) {
  const auto cuda = MakeCudaBackend(0, DataType::kFloat32);
  const auto cpu = MakeCpuBackend(1);
  const int64_t tokens = 700, experts = 3, top_k = 2;
  const Array kinds = RandomInts({tokens * top_k}, "kinds", 0, 7);
  const Array chosen = RandomInts({tokens * top_k}, "chosen", 0, experts);
  std::vector<int32_t> expert(chosen.values.begin(), chosen.values.end());
  std::vector<float> weight;
  for (const double kind : kinds.values) {
    const float values[] = {kNaN, -kInfinity, -0.0f, 0.0f, -1.5f, 0.25f, kInfinity};
    weight.push_back(values[static_cast<size_t>(kind)]);
  }
  for (const int64_t capacity : {0, 1, 60, 61, 200, 450, 1400}) {
    for (const DropPolicy policy : {DropPolicy::kProbs, DropPolicy::kPosition}) {
      Plan expected(tokens, experts, top_k), plan(tokens, experts, top_k);
      const Tensor experts_view = View(expert, {tokens, top_k});
      const Tensor weight_view = View(weight, {tokens, top_k});
      cpu->PlanDispatch(expected.dispatch, experts_view, weight_view, capacity, policy);
      cuda->PlanDispatch(plan.dispatch, experts_view, weight_view, capacity, policy);
      EXPECT_EQ(plan.counts, expected.counts) << capacity;
      EXPECT_EQ(plan.offsets, expected.offsets) << capacity;
      EXPECT_EQ(plan.row_of, expected.row_of) << capacity;
      EXPECT_EQ(plan.assignment_of, expected.assignment_of) << capacity;
    }
  }
}

std::vector<int32_t> Chosen(std::vector<float> logits, int64_t tokens, int64_t top_k,
                            RoutingOrder order) {
  const auto experts = static_cast<int64_t>(logits.size()) / tokens;
  std::vector<float> probabilities(logits.size()), log_sum_exp(static_cast<size_t>(tokens));
  std::vector<int32_t> expert(static_cast<size_t>(tokens * top_k));
  std::vector<float> weight(expert.size());
  const Routing routing = {View(probabilities, {tokens, experts}), View(log_sum_exp, {tokens}),
                           View(expert, {tokens, top_k}), View(weight, {tokens, top_k})};
  MakeCudaBackend(0, DataType::kFloat32)
      ->RouterForward(routing, View(logits, {tokens, experts}), order);
  return expert;
}

TEST(CudaBackend, ChoosesDistinctExpertsInRangeFromLogitsThatAreNotNumbers) {
  const std::vector<float> logits = {kNaN, kNaN,       kNaN,       kNaN,        //
                                     1,    kNaN,       2,          kNaN,        //
                                     kNaN, -kInfinity, -kInfinity, -kInfinity,  //
                                     kNaN, kInfinity,  kInfinity,  0};
  for (const RoutingOrder order :
       {RoutingOrder::kSoftmaxThenTopk, RoutingOrder::kTopkThenSoftmax}) {
    EXPECT_EQ(Chosen(logits, 4, 3, order),
              (std::vector<int32_t>{0, 1, 2, 2, 0, 1, 0, 1, 2, 1, 2, 3}));
  }
}

TEST(CudaBackend, TakesTheLowerIndexOfEqualLogits) {
  EXPECT_EQ(Chosen({1, 3, 3, 2, 3}, 1, 4, RoutingOrder::kSoftmaxThenTopk),
            (std::vector<int32_t>{1, 2, 4, 3}));
}

TEST(CudaBackend, CrossEntropyKeepsNaNToItsRow) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  std::vector<float> logits = {1, 2, 3, 1, kNaN, 3, 1, 2, 3}, losses(3);
  std::vector<int32_t> targets = {0, 0, 2};
  backend->CrossEntropyBackward(View(losses, {3}), View(logits, {3, 3}), View(targets, {3}), 1);
  EXPECT_FALSE(std::isnan(losses[0]));
  EXPECT_TRUE(std::isnan(losses[1]));
  EXPECT_TRUE(std::isnan(logits[3]));
  EXPECT_FALSE(std::isnan(logits[6]));
}

TEST(CudaBackend, ActivationsKeepNaN) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  std::vector<float> x = {kNaN, 1}, one(1), two(2);
  backend->ActivationForward(View(one, {1, 1}), View(x, {1, 2}), {}, Activation::kSwiGlu);
  EXPECT_TRUE(std::isnan(one[0]));
  backend->ActivationForward(View(two, {1, 2}), View(x, {1, 2}), {}, Activation::kSquaredRelu);
  EXPECT_TRUE(std::isnan(two[0]));
  EXPECT_EQ(two[1], 1);
}

}  // namespace
}  // namespace upcycle
