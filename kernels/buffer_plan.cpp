#include "kernels/buffer_plan.h"

#include <cstddef>
#include <numeric>

namespace upcycle {
namespace {

// As far as matrix products look, so that where a buffer lies never decides how it is multiplied.
constexpr int64_t kAlignment = 256;

int64_t RoundUp(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

void BufferPlan::Add(Tensor* tensor, MemoryCategory category, DataType type, Shape shape) {
  *tensor = Tensor(nullptr, type, shape);
  int64_t& end = bytes_[static_cast<size_t>(category)];
  entries_.push_back({tensor, category, end});
  end += RoundUp(tensor->bytes());
}

int64_t BufferPlan::DeviceBytes() const {
  return std::accumulate(bytes_.begin(), bytes_.end(), -Bytes(MemoryCategory::kHost));
}

BufferPlan::Block::Block(Backend& backend, int64_t bytes, int64_t host_bytes)
    : backend_(backend), memory_(backend.Allocate(bytes)) {
  if (host_bytes == 0) return;
  try {
    on_host_ = backend.AllocateOnHost(host_bytes);
  } catch (...) {
    backend.Free(memory_);
    throw;
  }
}

BufferPlan::Block::~Block() {
  backend_.Free(memory_);
  if (on_host_ != nullptr) backend_.FreeOnHost(on_host_);
}

std::unique_ptr<BufferPlan::Block> BufferPlan::Bind(Backend& backend) {
  auto block = std::make_unique<Block>(backend, DeviceBytes(), Bytes(MemoryCategory::kHost));
  std::array<std::byte*, kMemoryCategories> begin = {};
  begin[0] = static_cast<std::byte*>(block->memory());
  for (size_t i = 1; i < begin.size(); ++i) begin[i] = begin[i - 1] + bytes_[i - 1];
  begin[static_cast<size_t>(MemoryCategory::kHost)] = static_cast<std::byte*>(block->on_host());
  for (const Entry& entry : entries_) {
    void* memory = begin[static_cast<size_t>(entry.category)] + entry.offset;
    *entry.tensor = Tensor(memory, entry.tensor->type(), entry.tensor->shape());
  }
  return block;
}

}  // namespace upcycle
