#include "kernels/cuda/side_streams.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "kernels/backend.h"
#include "tests/caught_error.h"
#include "tests/kernels/cuda/device.h"
#include "tests/kernels/expert_chain.h"

namespace upcycle {
namespace {

void Work(cudaStream_t stream) {
  static int32_t word = 0;
  ASSERT_EQ(cudaMemsetAsync(&word, 0, sizeof(word), stream), cudaSuccess);
}

TEST(SideStreams, ComeAfterWhatTheyForkFromAndBeforeWhatTheyJoin) {
  const CudaStream main;
  SideStreams sides;
  Work(main.handle());
  for (int i = 0; i < SideStreams::kCount; ++i) {
    EXPECT_FALSE(shim::ComesAfter(sides.stream(i), main.handle()));
  }
  sides.ForkFrom(main.handle());
  for (int i = 0; i < SideStreams::kCount; ++i) {
    EXPECT_TRUE(shim::ComesAfter(sides.stream(i), main.handle()));
    Work(sides.stream(i));
    EXPECT_FALSE(shim::ComesAfter(main.handle(), sides.stream(i)));
  }
  sides.JoinInto(main.handle());
  for (int i = 0; i < SideStreams::kCount; ++i) {
    EXPECT_TRUE(shim::ComesAfter(main.handle(), sides.stream(i)));
  }
}

TEST(SideStreams, HaveStreamsAndWorkspacesOfTheirOwn) {
  const SideStreams sides;
  std::set<const void*> all;
  for (int i = 0; i < SideStreams::kCount; ++i) {
    all.insert(sides.stream(i));
    all.insert(sides.workspace(i).memory());
  }
  EXPECT_EQ(all.size(), 2u * SideStreams::kCount);
}

// Two layers' experts of 1 · 1 on streams: the first expert of `second` has none of the three rows.
class TwoLayers : public testing::Test {
 protected:
  struct Layer {
    std::vector<int32_t> expert, counts = {0, 0}, offsets = {0, 0}, row_of = {0, 0, 0},
                                 assignment_of = {0, 0, 0};
    Dispatch dispatch = {Tensor(counts.data(), {2}), Tensor(offsets.data(), {2}),
                         Tensor(row_of.data(), {3, 1}), Tensor(assignment_of.data(), {3}),
                         ExpertPath::kStreams};
  };

  void Plan(Layer& layer) {
    backend_->PlanDispatch(layer.dispatch, ConstTensor(layer.expert.data(), {3, 1}),
                           ConstTensor(router_weight_.data(), {3, 1}), 3, DropPolicy::kProbs);
  }
  std::vector<float> Product(const Layer& layer) {
    std::vector<float> out(3);
    backend_->ExpertMatMul(Tensor(out.data(), {3, 1}), ConstTensor(rows_.data(), {3, 1}),
                           ConstTensor(weights_.data(), {2, 1, 1}), layer.dispatch);
    return out;
  }

  std::unique_ptr<Backend> backend_ = MakeCudaBackend(0, DataType::kFloat32);
  std::vector<float> router_weight_ = {1, 1, 1}, rows_ = {1, 2, 3}, weights_ = {10, 100};
  Layer first_ = {.expert = {0, 1, 0}}, second_ = {.expert = {1, 1, 1}};
};

TEST_F(TwoLayers, KeepTheirCountsWhenOthersArePlannedInBetween) {
  Plan(first_);
  EXPECT_EQ(Product(first_), (std::vector<float>{10, 20, 300}));
  Plan(second_);
  EXPECT_EQ(Product(second_), (std::vector<float>{100, 200, 300}));
  EXPECT_EQ(Product(first_), (std::vector<float>{10, 20, 300}));
}

TEST_F(TwoLayers, MayBothBePlannedBeforeTheirProducts) {
  Plan(first_);
  Plan(second_);
  EXPECT_EQ(Product(first_), (std::vector<float>{10, 20, 300}));
  EXPECT_EQ(Product(second_), (std::vector<float>{100, 200, 300}));
}

TEST_F(TwoLayers, HaveTheirLastPlan) {
  Plan(first_);
  EXPECT_EQ(Product(first_), (std::vector<float>{10, 20, 300}));
  first_.expert = {1, 1, 1};
  Plan(first_);
  EXPECT_EQ(Product(first_), (std::vector<float>{100, 200, 300}));
}

TEST_F(TwoLayers, NeedAPlanOfTheSamePath) {
  EXPECT_EQ(CauseOf([this] { Product(first_); }), Cause::kBug);
  Plan(first_);
  first_.dispatch.path = ExpertPath::kGrouped;
  Plan(first_);
  first_.dispatch.path = ExpertPath::kStreams;
  EXPECT_EQ(CauseOf([this] { Product(first_); }), Cause::kBug);
}

}  // namespace
}  // namespace upcycle
