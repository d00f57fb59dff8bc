#include "kernels/cpu/thread_pool.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/error.h"

namespace upcycle {
namespace {

TEST(ThreadPool, RunsEveryTaskOnceWhateverTheNumberOfThreads) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (const int64_t tasks : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(tasks));
      pool.ParallelFor(tasks, [&](int64_t task, int worker) {
        EXPECT_GE(worker, 0);
        EXPECT_LT(worker, threads);
        ++runs[static_cast<size_t>(task)];
      });
      for (const auto& run : runs) EXPECT_EQ(run, 1);
    }
  }
}

TEST(ThreadPool, CoversARangeWithPieces) {
  ThreadPool pool(2);
  std::array<std::atomic<int>, 10> visits = {};
  pool.ParallelRanges(10, 4, [&](int64_t begin, int64_t end) {
    EXPECT_LE(end - begin, 4);
    for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
  });
  for (const auto& visit : visits) EXPECT_EQ(visit, 1);
}

// Loops so short that threads arrive late, while the next loop is already under way.
TEST(ThreadPool, KeepsShortLoopsApart) {
  ThreadPool pool(4);
  for (int64_t loop = 0; loop < 20000; ++loop) {
    const int64_t tasks = 2 + loop % 5;
    std::array<std::atomic<int64_t>, 8> seen = {};
    pool.ParallelFor(tasks, [&](int64_t task, int) { seen[static_cast<size_t>(task)] += loop; });
    for (int64_t task = 0; task < 8; ++task) {
      ASSERT_EQ(seen[static_cast<size_t>(task)], task < tasks ? loop : 0);
    }
  }
}

// In a process of its own, whose address space has room for the stacks of a few threads.
void HaveTooManyThreads() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit little{.rlim_cur = pages * 4096 + (64 << 20), .rlim_max = RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &little);
  try {
    ThreadPool pool(1000);
  } catch (const Error& error) {
    std::fputs(error.what(), stderr);
    std::_Exit(error.cause() == Cause::kMemory ? 7 : 8);
  }
}

TEST(ThreadPool, SaysWhereTheSystemGrantsFewerThreads) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer needs the address space";
#endif
  EXPECT_EXIT(HaveTooManyThreads(), testing::ExitedWithCode(7), "of 1000 threads could begin");
}

TEST(ThreadPool, WakesSleepingThreads) {
  ThreadPool pool(2);
  for (int loop = 0; loop < 3; ++loop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<int> arrived = 0;
    // Each of the two tasks waits for the other, so two threads are needed.
    pool.ParallelFor(2, [&](int64_t, int) {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
    });
    EXPECT_EQ(arrived, 2);
  }
}

TEST(ThreadPool, CarriesAnExceptionToTheCallerAndWorksOn) {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    const auto throwing = [](int64_t task, int) {
      if (task == 5) throw std::runtime_error("task five");
    };
    EXPECT_THROW(pool.ParallelFor(100, throwing), std::runtime_error);
    std::atomic<int> runs = 0;
    pool.ParallelFor(100, [&](int64_t, int) { ++runs; });
    EXPECT_EQ(runs, 100);
  }
}

}  // namespace
}  // namespace upcycle
