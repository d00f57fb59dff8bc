#include "tests/kernels/cuda/block_runner.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <boost/context/fiber.hpp>
#include <fmt/format.h>

#include "tests/kernels/cuda/fiber_stack.h"

namespace upcycle::shim {
namespace {

constexpr int kWarp = 32;

enum class State { kReady, kAtBarrier, kInWarp, kEnded };

// Thrown into waiting fibers when their block is given up.
struct GivenUp {};

struct Thread {
  FiberStack stack;
  boost::context::fiber self;
  boost::context::fiber runner;
  dim3 index;
  State state = State::kEnded;
  std::source_location where;
  Exchange kind = Exchange::kWait;
  uint32_t mask = 0;
  uint64_t value = 0;
  int source_lane = 0;
  uint64_t result = 0;
};

std::string PlaceOf(const std::source_location& where) {
  return fmt::format("{}:{}", where.file_name(), where.line());
}

class BlockRunner {
 public:
  void SetOrder(Order order) { order_ = order; }
  unsigned char* shared() const { return shared_.get(); }
  int lane() const { return current_ % kWarp; }

  void RunKernel(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& thread);
  void WaitForBlock(const std::source_location& where);
  uint64_t ExchangeInWarp(Exchange kind, uint32_t mask, uint64_t value, int source_lane,
                          const std::source_location& where);

 private:
  void RunBlock();
  void Prepare(dim3 block);
  void Resume(int thread);
  void Yield();
  boost::context::fiber Loop(boost::context::fiber&& runner, int thread);
  void Complete(int first, uint32_t mask);
  [[noreturn]] void Fault(const std::string& what) const;
  [[noreturn]] void FaultOfWaiting() const;
  void GiveUp();

  Order order_ = Order::kRising;
  const std::function<void()>* body_ = nullptr;
  std::unique_ptr<unsigned char[]> shared_;
  std::vector<std::unique_ptr<Thread>> threads_;
  int count_ = 0;  // threads of a block
  int current_ = 0;
  int at_barrier_ = 0;
  int ended_ = 0;
  bool giving_up_ = false;
  std::string fault_;
};

void BlockRunner::RunKernel(dim3 grid, dim3 block, size_t shared_bytes,
                            const std::function<void()>& thread) {
  body_ = &thread;
  gridDim = grid;
  blockDim = block;
  Prepare(block);
  shared_.reset(new unsigned char[shared_bytes]);
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  for (uint64_t i = 0; i < blocks; ++i) {
    const uint64_t b = order_ == Order::kRising ? i : blocks - 1 - i;
    blockIdx = dim3(static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
                    static_cast<unsigned>(b / grid.x / grid.y));
    std::memset(shared_.get(), 0xff, shared_bytes);
    try {
      RunBlock();
    } catch (const KernelFault&) {
      GiveUp();
      throw;
    }
  }
}

void BlockRunner::Prepare(dim3 block) {
  count_ = static_cast<int>(block.x * block.y * block.z);
  for (int t = 0; t < count_; ++t) {
    if (t == static_cast<int>(threads_.size())) {
      threads_.push_back(std::make_unique<Thread>());
      threads_.back()->self = boost::context::fiber(
          std::allocator_arg, threads_.back()->stack.Allocator(),
          [this, t](boost::context::fiber&& runner) { return Loop(std::move(runner), t); });
    }
    const auto flat = static_cast<unsigned>(t);
    threads_[static_cast<size_t>(t)]->index =
        dim3(flat % block.x, flat / block.x % block.y, flat / block.x / block.y);
  }
}

void BlockRunner::RunBlock() {
  at_barrier_ = ended_ = 0;
  for (int t = 0; t < count_; ++t) threads_[static_cast<size_t>(t)]->state = State::kReady;
  while (ended_ < count_) {
    bool moved = false;
    for (int i = 0; i < count_; ++i) {
      const int t = order_ == Order::kRising ? i : count_ - 1 - i;
      if (threads_[static_cast<size_t>(t)]->state != State::kReady) continue;
      moved = true;
      Resume(t);
      if (!fault_.empty()) Fault(std::exchange(fault_, ""));
    }
    if (!moved) FaultOfWaiting();
  }
}

void BlockRunner::Resume(int thread) {
  Thread& t = *threads_[static_cast<size_t>(thread)];
  current_ = thread;
  threadIdx = t.index;
  t.stack.BeforeEntering();
  t.self = std::move(t.self).resume();
  t.stack.AfterEntering();
}

void BlockRunner::Yield() {
  Thread& t = *threads_[static_cast<size_t>(current_)];
  t.stack.BeforeLeaving();
  t.runner = std::move(t.runner).resume();
  t.stack.AfterLeaving();
}

// A fiber's life: one thread of a block after the other.
boost::context::fiber BlockRunner::Loop(boost::context::fiber&& runner, int thread) {
  Thread& t = *threads_[static_cast<size_t>(thread)];
  t.stack.AfterLeaving();
  t.runner = std::move(runner);
  for (;;) {
    try {
      if (!giving_up_) (*body_)();
    } catch (const GivenUp&) {
    }
    t.state = State::kEnded;
    ++ended_;
    Yield();
  }
}

void BlockRunner::WaitForBlock(const std::source_location& where) {
  Thread& self = *threads_[static_cast<size_t>(current_)];
  self.where = where;
  self.state = State::kAtBarrier;
  if (++at_barrier_ == count_) {
    at_barrier_ = 0;
    for (int t = 0; t < count_; ++t) {
      Thread& other = *threads_[static_cast<size_t>(t)];
      if (other.where.line() != where.line() ||
          std::strcmp(other.where.file_name(), where.file_name()) != 0) {
        fault_ = fmt::format("threads of one block wait at {} and at {}", PlaceOf(other.where),
                             PlaceOf(where));
      }
      other.state = State::kReady;
    }
  }
  Yield();
  if (giving_up_) throw GivenUp();
}

uint64_t BlockRunner::ExchangeInWarp(Exchange kind, uint32_t mask, uint64_t value, int source_lane,
                                     const std::source_location& where) {
  Thread& self = *threads_[static_cast<size_t>(current_)];
  self.kind = kind;
  self.mask = mask;
  self.value = value;
  self.source_lane = source_lane;
  self.where = where;
  self.state = State::kInWarp;
  const int first = current_ - lane();
  if ((mask >> lane() & 1) == 0) {
    fault_ = fmt::format("lane {} is not in its own mask at {}", lane(), PlaceOf(where));
  }
  bool complete = fault_.empty();
  for (int l = 0; l < kWarp && complete; ++l) {
    if ((mask >> l & 1) == 0) continue;
    const int t = first + l;
    if (t >= count_ || threads_[static_cast<size_t>(t)]->state == State::kEnded) {
      fault_ = fmt::format("lane {} of the mask at {} is not there", l, PlaceOf(where));
      complete = false;
    } else if (threads_[static_cast<size_t>(t)]->state != State::kInWarp) {
      complete = false;
    }
  }
  if (complete) Complete(first, mask);
  if (self.state != State::kReady) Yield();
  if (giving_up_) throw GivenUp();
  return self.result;
}

// All lanes of `mask` are there: each gets what it came for.
void BlockRunner::Complete(int first, uint32_t mask) {
  const Thread& self = *threads_[static_cast<size_t>(current_)];
  uint64_t votes = 0;
  for (int l = 0; l < kWarp; ++l) {
    if ((mask >> l & 1) == 0) continue;
    const Thread& lane = *threads_[static_cast<size_t>(first + l)];
    if (lane.mask != mask || lane.kind != self.kind || lane.where.line() != self.where.line()) {
      fault_ = fmt::format("lanes of one warp meet at {} and at {}", PlaceOf(lane.where),
                           PlaceOf(self.where));
      return;
    }
    if (lane.kind == Exchange::kExchange && (mask >> lane.source_lane & 1) == 0) {
      fault_ = fmt::format("lane {} at {} reads lane {}, which is not in the mask", l,
                           PlaceOf(lane.where), lane.source_lane);
      return;
    }
    if (lane.value != 0) votes |= uint64_t{1} << l;
  }
  for (int l = 0; l < kWarp; ++l) {
    if ((mask >> l & 1) == 0) continue;
    Thread& lane = *threads_[static_cast<size_t>(first + l)];
    lane.result = self.kind == Exchange::kExchange
                      ? threads_[static_cast<size_t>(first + lane.source_lane)]->value
                      : votes;
    lane.state = State::kReady;
  }
}

void BlockRunner::Fault(const std::string& what) const {
  throw KernelFault(
      fmt::format("block ({}, {}, {}): {}", blockIdx.x, blockIdx.y, blockIdx.z, what));
}

void BlockRunner::FaultOfWaiting() const {
  for (int i = 0; i < count_; ++i) {
    const Thread& t = *threads_[static_cast<size_t>(i)];
    if (t.state != State::kAtBarrier && t.state != State::kInWarp) continue;
    Fault(fmt::format("thread {} waits at {} for threads that never come ({} have ended)", i,
                      PlaceOf(t.where), ended_));
  }
  Fault("no thread can go on");
}

void BlockRunner::GiveUp() {
  giving_up_ = true;
  fault_.clear();
  for (int t = 0; t < count_; ++t) {
    if (threads_[static_cast<size_t>(t)]->state != State::kEnded) Resume(t);
  }
  giving_up_ = false;
}

// Never destroyed: its fibers have no end.
BlockRunner& Runner() {
  static BlockRunner& runner = *new BlockRunner;
  return runner;
}

}  // namespace

void SetOrder(Order order) { Runner().SetOrder(order); }

void RunKernel(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& thread) {
  Runner().RunKernel(grid, block, shared_bytes, thread);
}

unsigned char* DynamicShared() { return Runner().shared(); }

void WaitForBlock(const std::source_location& where) { Runner().WaitForBlock(where); }

uint64_t ExchangeInWarp(Exchange kind, uint32_t mask, uint64_t value, int source_lane,
                        const std::source_location& where) {
  return Runner().ExchangeInWarp(kind, mask, value, source_lane, where);
}

int Lane() { return Runner().lane(); }

}  // namespace upcycle::shim
