#include "kernels/cpu/thread_pool.h"

#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {
namespace {

// About 20 µs of waiting before a thread sleeps: longer than the serial stretches between the ops
// of a training step, short beside a time slice when cores are shared.
constexpr int kSpins = 1000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

uint64_t Ticket(uint32_t loop, uint32_t left) { return (uint64_t{loop} << 32) | left; }
uint32_t LoopOf(uint64_t ticket) { return static_cast<uint32_t>(ticket >> 32); }
uint32_t LeftOf(uint64_t ticket) { return static_cast<uint32_t>(ticket); }

// Wakes the workers for a loop that is none.
void End(std::vector<std::thread>& workers, std::atomic<bool>& stopping,
         std::atomic<uint32_t>& loop) {
  stopping = true;
  ++loop;
  loop.notify_all();
  for (std::thread& worker : workers) worker.join();
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  UPCYCLE_CHECK(threads >= 1);
  workers_.reserve(static_cast<size_t>(threads - 1));
  try {
    for (int worker = 1; worker < threads; ++worker) {
      workers_.emplace_back([this, worker] { WorkerLoop(worker); });
    }
  } catch (const std::system_error& error) {
    const int begun = this->threads();
    End(workers_, stopping_, loop_);
    throw Error(Cause::kMemory, fmt::format("only {} of {} threads could begin: {}; use fewer",
                                            begun, threads, error.code().message()));
  }
}

ThreadPool::~ThreadPool() { End(workers_, stopping_, loop_); }

void ThreadPool::Run(int64_t tasks, const void* context, Call call) {
  UPCYCLE_CHECK(tasks <= std::numeric_limits<int32_t>::max());
  const uint32_t loop = loop_.load(std::memory_order_relaxed) + 1;
  // The ticket says that nothing is left, so nobody acts on these four before it changes.
  tasks_.store(static_cast<uint32_t>(tasks), std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  call_.store(call, std::memory_order_relaxed);
  ended_.store(0, std::memory_order_relaxed);
  ticket_.store(Ticket(loop, static_cast<uint32_t>(tasks)), std::memory_order_release);
  loop_.store(loop, std::memory_order_release);
  loop_.notify_all();

  TakeTasks(loop, 0);
  uint32_t ended = ended_.load(std::memory_order_acquire);
  for (int spin = 0; ended != tasks && spin < kSpins; ++spin) {
    Pause();
    ended = ended_.load(std::memory_order_acquire);
  }
  while (ended != tasks) {
    ended_.wait(ended, std::memory_order_acquire);
    ended = ended_.load(std::memory_order_acquire);
  }
  if (failed_.load(std::memory_order_relaxed)) {
    failed_.store(false, std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }
}

void ThreadPool::WorkerLoop(int worker) {
  uint32_t seen = 0;
  while (true) {
    seen = AwaitLoopAfter(seen);
    if (stopping_) return;
    TakeTasks(seen, worker);
  }
}

uint32_t ThreadPool::AwaitLoopAfter(uint32_t seen) const {
  uint32_t loop = loop_.load(std::memory_order_acquire);
  for (int spin = 0; loop == seen && spin < kSpins; ++spin) {
    Pause();
    loop = loop_.load(std::memory_order_acquire);
  }
  while (loop == seen) {
    loop_.wait(seen, std::memory_order_acquire);
    loop = loop_.load(std::memory_order_acquire);
  }
  return loop;
}

void ThreadPool::TakeTasks(uint32_t loop, int worker) {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (LoopOf(ticket) == loop && LeftOf(ticket) > 0) {
    // Read before the exchange: if it succeeds, they belonged to this loop, which cannot end before
    // the task that was taken.
    const uint32_t tasks = tasks_.load(std::memory_order_relaxed);
    const void* context = context_.load(std::memory_order_relaxed);
    const Call call = call_.load(std::memory_order_relaxed);
    if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
      continue;
    }
    RunTask(context, call, tasks - LeftOf(ticket), worker);
    if (ended_.fetch_add(1, std::memory_order_acq_rel) + 1 == tasks) ended_.notify_one();
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void ThreadPool::RunTask(const void* context, Call call, int64_t task, int worker) {
  if (failed_.load(std::memory_order_relaxed)) return;
  try {
    call(context, task, worker);
  } catch (...) {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = std::current_exception();
    failed_.store(true, std::memory_order_relaxed);
  }
}

}  // namespace upcycle
