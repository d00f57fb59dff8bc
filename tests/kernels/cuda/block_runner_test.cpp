// That the host runs kernels as a GPU does, and faults where a GPU would be free to do anything.
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/cuda/cuda_runtime.h"

namespace upcycle::shim {
namespace {

TEST(BlockRunner, RunsEveryThreadOfEveryBlockOnce) {
  std::vector<int> runs(2 * 3 * 64);
  RunKernel(dim3(2, 3), dim3(64), 0,
            [&] { ++runs[(blockIdx.y * gridDim.x + blockIdx.x) * blockDim.x + threadIdx.x]; });
  EXPECT_EQ(runs, std::vector<int>(runs.size(), 1));
}

TEST(BlockRunner, HoldsThreadsAtABarrierUntilAllAreThere) {
  std::array<int, 64> before = {}, seen = {};
  RunKernel(dim3(1), dim3(64), 0, [&] {
    before[threadIdx.x] = 1;
    __syncthreads();
    for (const int there : before) seen[threadIdx.x] += there;
  });
  for (const int count : seen) EXPECT_EQ(count, 64);
}

TEST(BlockRunner, ShowsAMissingBarrierByTheOrderOfThreads) {
  std::array<int, 2> seen = {};
  for (const Order order : {Order::kRising, Order::kFalling}) {
    SetOrder(order);
    int value = 0;
    RunKernel(dim3(1), dim3(32), 0, [&] {
      if (threadIdx.x == 0) value = 1;
      if (threadIdx.x == 1) seen[order == Order::kRising ? 0 : 1] = value;
    });
  }
  SetOrder(Order::kRising);
  EXPECT_NE(seen[0], seen[1]);
}

TEST(BlockRunner, ExchangesValuesWithinAWarp) {
  std::array<int, 64> sums = {}, below = {};
  std::array<unsigned, 64> votes = {};
  RunKernel(dim3(1), dim3(64), 0, [&] {
    const int thread = static_cast<int>(threadIdx.x);
    int sum = thread;
    for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(0xffffffff, sum, lanes);
    sums[threadIdx.x] = sum;
    below[threadIdx.x] = __shfl_up_sync(0xffffffff, thread, 1);
    votes[threadIdx.x] = __ballot_sync(0xffffffff, thread % 2);
  });
  EXPECT_EQ(sums[5], 31 * 32 / 2);
  EXPECT_EQ(sums[40], 31 * 32 / 2 + 32 * 32);
  EXPECT_EQ(below[32], 32);
  EXPECT_EQ(below[33], 32);
  EXPECT_EQ(votes[63], 0xaaaaaaaau);
}

TEST(BlockRunner, PoisonsSharedMemoryBeforeEachBlock) {
  std::array<unsigned char, 3> seen = {};
  RunKernel(dim3(3), dim3(32), 4, [&] {
    if (threadIdx.x != 0) return;
    seen[blockIdx.x] = DynamicShared()[3];
    DynamicShared()[3] = 1;
  });
  EXPECT_EQ(seen, (std::array<unsigned char, 3>{0xff, 0xff, 0xff}));
}

void RunWarps(int threads, const std::function<void(int)>& thread) {
  RunKernel(dim3(1), dim3(static_cast<unsigned>(threads)), 0,
            [&] { thread(static_cast<int>(threadIdx.x)); });
}

TEST(BlockRunner, FaultsWhereABarrierWaitsForThreadsThatHaveEnded) {
  EXPECT_THROW(RunWarps(64,
                        [](int t) {
                          if (t != 3) __syncthreads();
                        }),
               KernelFault);
}

TEST(BlockRunner, FaultsWhereThreadsWaitAtDifferentBarriers) {
  // Outside the macro, in which all lines are one.
  const auto diverge = [](int t) {
    if (t < 32) {
      __syncthreads();
    } else {
      __syncthreads();
    }
  };
  EXPECT_THROW(RunWarps(64, diverge), KernelFault);
}

TEST(BlockRunner, FaultsWhereAMaskNamesLanesThatAreNotThere) {
  EXPECT_THROW(RunWarps(16, [](int) { __syncwarp(); }), KernelFault);
  EXPECT_THROW(RunWarps(32,
                        [](int t) {
                          if (t > 0) __syncwarp();
                        }),
               KernelFault);
}

TEST(BlockRunner, FaultsWhereALaneForgetsItselfOrReadsOneOutsideTheMask) {
  EXPECT_THROW(RunWarps(32, [](int) { __syncwarp(0xfffffffe); }), KernelFault);
  EXPECT_THROW(RunWarps(32,
                        [](int t) {
                          if (t < 16) __shfl_sync(0xffff, t, 20);
                        }),
               KernelFault);
}

TEST(BlockRunner, RunsOnAfterAFault) {
  EXPECT_THROW(RunWarps(64,
                        [](int t) {
                          if (t != 3) __syncthreads();
                        }),
               KernelFault);
  int runs = 0;
  RunWarps(64, [&](int) {
    __syncthreads();
    ++runs;
  });
  EXPECT_EQ(runs, 64);
}

}  // namespace
}  // namespace upcycle::shim
