// Runs CUDA kernels on the host: each thread of a block is a fiber, blocks run in turn. A fiber
// gives way only at a barrier or a warp's exchange, and what CUDA leaves undefined there is a
// fault: threads that wait at different places or for others that have ended, lanes that a mask
// forgets, names without their being there, or reads without their taking part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>
#include <stdexcept>
#include <string>

struct dim3 {
  unsigned int x = 1;
  unsigned int y = 1;
  unsigned int z = 1;

  constexpr dim3(unsigned int x_size = 1, unsigned int y_size = 1,  // NOLINT: as CUDA has it
                 unsigned int z_size = 1)
      : x(x_size), y(y_size), z(z_size) {}
};

// Of the thread that runs now.
inline dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace upcycle::shim {

class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// In which order threads run between two barriers, and blocks one after the other. A kernel that
// lacks a barrier gives different results for different orders.
enum class Order { kRising, kFalling };
void SetOrder(Order order);

// `thread` is called by every thread of every block. Throws KernelFault.
void RunKernel(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& thread);

// The block's dynamic shared memory, all ones before a block runs (as floats: not a number).
unsigned char* DynamicShared();

// __syncthreads().
void WaitForBlock(const std::source_location& where);

// What lanes of a warp do together. `kExchange`: each gets the value of its source lane; `kVote`:
// each gets a bit for every lane whose value is not 0.
enum class Exchange { kWait, kExchange, kVote };
uint64_t ExchangeInWarp(Exchange kind, uint32_t mask, uint64_t value, int source_lane,
                        const std::source_location& where);

// The calling thread's lane in its warp.
int Lane();

}  // namespace upcycle::shim
