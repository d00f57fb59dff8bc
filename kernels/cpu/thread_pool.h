// A fixed set of threads that share the tasks of one loop at a time.
//
// Which thread runs a task is open, so a task's result must not depend on it: write outputs that
// belong to the task alone. Between loops the threads spin for some microseconds, then sleep.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace upcycle {

class ThreadPool {
 public:
  // The caller of ParallelFor is one of the `threads`, at least one. Error(kMemory): too many.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(task, worker) for each task in [0, tasks), worker in [0, threads()), and returns
  // when all have ended. An exception of a task skips tasks not yet begun and is thrown here.
  // One caller at a time, and not from within a task. Allocates nothing.
  template <typename Body>
  void ParallelFor(int64_t tasks, const Body& body) {
    if (tasks <= 1 || workers_.empty()) {
      for (int64_t task = 0; task < tasks; ++task) body(task, 0);
      return;
    }
    Run(tasks, &body, [](const void* context, int64_t task, int worker) {
      (*static_cast<const Body*>(context))(task, worker);
    });
  }

  // body(begin, end) over pieces of at most `piece` elements that cover [0, count).
  template <typename Body>
  void ParallelRanges(int64_t count, int64_t piece, const Body& body) {
    ParallelFor((count + piece - 1) / piece, [&](int64_t task, int) {
      const int64_t begin = task * piece;
      body(begin, begin + piece < count ? begin + piece : count);
    });
  }

 private:
  using Call = void (*)(const void* context, int64_t task, int worker);

  void Run(int64_t tasks, const void* context, Call call);
  void WorkerLoop(int worker);
  uint32_t AwaitLoopAfter(uint32_t seen) const;
  void TakeTasks(uint32_t loop, int worker);
  void RunTask(const void* context, Call call, int64_t task, int worker);

  // The number of the current loop (high half) and how many of its tasks nobody has taken yet (low
  // half, 0 between loops). A thread takes a task by exchanging the whole word, so that one that
  // wakes up late can never take a task of a loop whose description it has not read.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<uint32_t> ended_{0};  // tasks of the current loop
  alignas(64) std::atomic<uint32_t> loop_{0};   // what sleeping threads wait on
  std::atomic<uint32_t> tasks_{0};
  std::atomic<const void*> context_{nullptr};
  std::atomic<Call> call_{nullptr};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> failed_{false};
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  std::vector<std::thread> workers_;
};

}  // namespace upcycle
