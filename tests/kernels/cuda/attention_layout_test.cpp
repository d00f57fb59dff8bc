// What cuDNN is told of attention's tensors, and which calls it is asked for.
#include "kernels/cuda/attention_layout.h"

#include <vector>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using Four = std::array<int64_t, 4>;

// 2 sequences of 64 tokens, 6 heads on 2 of 16 elements: rows of 96 + 32 + 32.
constexpr AttentionShape kShape = {2, 64, 6, 2, 16};

TEST(AttentionLayout, FindsQueriesKeysAndValuesInOneRowOfAToken) {
  const AttentionLayout layout = AttentionLayoutOf(kShape);
  EXPECT_EQ(layout.query.sizes, (Four{2, 6, 64, 16}));
  EXPECT_EQ(layout.query.strides, (Four{64 * 160, 16, 160, 1}));
  EXPECT_EQ(layout.query.offset, 0);
  for (const HeadsLayout& shared : {layout.key, layout.value}) {
    EXPECT_EQ(shared.sizes, (Four{2, 2, 64, 16}));
    EXPECT_EQ(shared.strides, (Four{64 * 160, 16, 160, 1}));
  }
  EXPECT_EQ(layout.key.offset, 96);
  EXPECT_EQ(layout.value.offset, 128);
}

TEST(AttentionLayout, FindsHeadsSideBySideInTheOutput) {
  const AttentionLayout layout = AttentionLayoutOf(kShape);
  EXPECT_EQ(layout.out.sizes, (Four{2, 6, 64, 16}));
  EXPECT_EQ(layout.out.strides, (Four{64 * 96, 16, 96, 1}));
  EXPECT_EQ(layout.out.offset, 0);
}

TEST(AttentionLayout, HasOneLogSumExpForEachQueryAndHead) {
  const AttentionLayout layout = AttentionLayoutOf(kShape);
  EXPECT_EQ(layout.log_sum_exp.sizes, (Four{2, 6, 64, 1}));
  EXPECT_EQ(layout.log_sum_exp.strides, (Four{6 * 64, 64, 1, 1}));
  EXPECT_EQ(layout.log_sum_exp.offset, 0);
}

class CallsForCudnn : public testing::Test {
 protected:
  static ConstTensor At(size_t byte, DataType type = DataType::kBFloat16) {
    alignas(16) static constexpr unsigned char kMemory[64] = {};
    return ConstTensor(kMemory + byte, type, {4});
  }
};

TEST_F(CallsForCudnn, AreInBFloat16AtWholePacks) {
  EXPECT_TRUE(FitsCudnn(kShape, {At(0), At(16)}));
  EXPECT_FALSE(FitsCudnn(kShape, {At(0), At(8)}));
  EXPECT_FALSE(FitsCudnn(kShape, {At(0), At(0, DataType::kFloat32)}));
}

TEST_F(CallsForCudnn, HaveHeadsOfPacksThatAreNotTooWide) {
  for (const int64_t width : {8, 24, 128}) {
    EXPECT_TRUE(FitsCudnn({1, 64, 1, 1, width}, {At(0)})) << width;
  }
  for (const int64_t width : {4, 34, 136}) {
    EXPECT_FALSE(FitsCudnn({1, 64, 1, 1, width}, {At(0)})) << width;
  }
}

TEST_F(CallsForCudnn, HaveWholeTilesOfTokens) {
  EXPECT_FALSE(FitsCudnn({1, 63, 1, 1, 16}, {At(0)}));
  EXPECT_FALSE(FitsCudnn({1, 100, 1, 1, 16}, {At(0)}));
  EXPECT_TRUE(FitsCudnn({1, 192, 1, 1, 16}, {At(0)}));
  EXPECT_FALSE(FitsCudnn({0, 64, 1, 1, 16}, {At(0)}));
}

}  // namespace
}  // namespace upcycle
