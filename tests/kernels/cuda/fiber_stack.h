// A fiber's stack, and what sanitizers must be told when a program changes stacks.
#pragma once

#include <cstddef>
#include <memory>

#include <boost/context/stack_context.hpp>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace upcycle::shim {

class FiberStack {
 public:
  FiberStack() : memory_(new std::byte[kBytes]) {
#if defined(__SANITIZE_THREAD__)
    fiber_ = __tsan_create_fiber(0);
#endif
  }
  ~FiberStack() {
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(fiber_);
#endif
  }
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;

  // What Boost asks for a stack; the memory stays this object's.
  class BoostAllocator {
   public:
    explicit BoostAllocator(std::byte* memory) : memory_(memory) {}
    boost::context::stack_context allocate() {
      boost::context::stack_context context;
      context.size = kBytes;
      context.sp = memory_ + kBytes;
      return context;
    }
    void deallocate(boost::context::stack_context&) {}

   private:
    std::byte* memory_;
  };
  BoostAllocator Allocator() { return BoostAllocator(memory_.get()); }

  // Around a change from the runner's stack to this one, called on the runner's.
  void BeforeEntering() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&runner_fake_, memory_.get(), kBytes);
#elif defined(__SANITIZE_THREAD__)
    runner_fiber_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber_, 0);
#endif
  }
  void AfterEntering() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(runner_fake_, nullptr, nullptr);
#endif
  }

  // Around a change back, called on this one; the second also at the very beginning.
  void BeforeLeaving() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fake_, runner_bottom_, runner_bytes_);
#elif defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(runner_fiber_, 0);
#endif
  }
  void AfterLeaving() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_, &runner_bottom_, &runner_bytes_);
#endif
  }

 private:
  // Enough for a kernel's arrays, and for a sanitizer's gaps between them.
  static constexpr size_t kBytes = 256 << 10;

  std::unique_ptr<std::byte[]> memory_;
#if defined(__SANITIZE_ADDRESS__)
  void* fake_ = nullptr;
  void* runner_fake_ = nullptr;
  const void* runner_bottom_ = nullptr;
  size_t runner_bytes_ = 0;
#elif defined(__SANITIZE_THREAD__)
  void* fiber_ = nullptr;
  void* runner_fiber_ = nullptr;
#endif
};

}  // namespace upcycle::shim
