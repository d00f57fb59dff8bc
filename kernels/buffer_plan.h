// Memory planned before the first step: every buffer is declared with its category, the total is
// known before anything is allocated, and one block holds them all, but for what lies on the host.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/enum_names.h"
#include "core/tensor.h"
#include "kernels/backend.h"

namespace upcycle {

enum class MemoryCategory { kWeights, kGradients, kOptimizer, kActivations, kWorkspace, kHost };
inline constexpr int kMemoryCategories = 6;
template <>
struct EnumNames<MemoryCategory> {
  static constexpr EnumName<MemoryCategory> values[] = {
      {MemoryCategory::kWeights, "weights", "what ops read, and master values"},
      {MemoryCategory::kGradients, "gradients", "of weights"},
      {MemoryCategory::kOptimizer, "optimizer", "moments"},
      {MemoryCategory::kActivations, "activations", "kept for the backward pass"},
      {MemoryCategory::kWorkspace, "workspace", "shared by all layers"},
      {MemoryCategory::kHost, "host", "of AllocateOnHost: moments that are not on the device"},
  };
};

// Of each MemoryCategory.
using MemoryBytes = std::array<int64_t, kMemoryCategories>;

class BufferPlan {
 public:
  // Declares a buffer. `*tensor` gets its shape at once and its memory in Bind, so it must stay
  // where it is until then. Buffers of one category lie one behind the other in the order of their
  // declaration, each aligned to 256 bytes.
  void Add(Tensor* tensor, MemoryCategory category, DataType type, Shape shape);

  // Bytes of one category so far, alignment included.
  int64_t Bytes(MemoryCategory category) const { return bytes_[static_cast<size_t>(category)]; }
  const MemoryBytes& Bytes() const { return bytes_; }
  // All categories but kHost.
  int64_t DeviceBytes() const;

  // The blocks that hold all buffers; freed with this object.
  class Block {
   public:
    // No block on the host where `host_bytes` is 0.
    Block(Backend& backend, int64_t bytes, int64_t host_bytes);
    ~Block();
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    void* memory() const { return memory_; }
    void* on_host() const { return on_host_; }

   private:
    Backend& backend_;
    void* memory_ = nullptr;
    void* on_host_ = nullptr;
  };

  // Allocates the blocks, zeroed, and gives every declared tensor its memory.
  std::unique_ptr<Block> Bind(Backend& backend);

 private:
  struct Entry {
    Tensor* tensor;
    MemoryCategory category;
    int64_t offset;  // within the category
  };
  std::vector<Entry> entries_;
  MemoryBytes bytes_ = {};
};

}  // namespace upcycle
