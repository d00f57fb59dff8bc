#include "kernels/buffer_plan.h"

#include <cstddef>
#include <numeric>

namespace upcycle {
namespace {

constexpr int64_t kAlignment = 64;

int64_t RoundUp(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

void BufferPlan::Add(Tensor* tensor, MemoryCategory category, DataType type, Shape shape) {
  *tensor = Tensor(nullptr, type, shape);
  int64_t& end = bytes_[static_cast<size_t>(category)];
  entries_.push_back({tensor, category, end});
  end += RoundUp(tensor->bytes());
}

int64_t BufferPlan::TotalBytes() const {
  return std::accumulate(bytes_.begin(), bytes_.end(), int64_t{0});
}

BufferPlan::Block::Block(Backend& backend, int64_t bytes)
    : backend_(backend), memory_(backend.Allocate(bytes)) {}

BufferPlan::Block::~Block() { backend_.Free(memory_); }

std::unique_ptr<BufferPlan::Block> BufferPlan::Bind(Backend& backend) {
  auto block = std::make_unique<Block>(backend, TotalBytes());
  std::array<int64_t, kMemoryCategories> begin = {};
  for (int i = 1; i < kMemoryCategories; ++i) begin[i] = begin[i - 1] + bytes_[i - 1];
  for (const Entry& entry : entries_) {
    const int64_t offset = begin[static_cast<size_t>(entry.category)] + entry.offset;
    void* memory = static_cast<std::byte*>(block->memory()) + offset;
    *entry.tensor = Tensor(memory, entry.tensor->type(), entry.tensor->shape());
  }
  return block;
}

}  // namespace upcycle
