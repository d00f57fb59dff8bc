#include "core/ordered_writer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include <fcntl.h>

namespace upcycle {
namespace {

// A disk's sector at least.
constexpr size_t kAlignment = 4096;
constexpr size_t kBlockBytes = 8 << 20;

void LeaveDirect(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags >= 0 && (flags & O_DIRECT) != 0) ::fcntl(descriptor, F_SETFL, flags & ~O_DIRECT);
}

}  // namespace

void OrderedWriter::FreeBlock::operator()(std::byte* block) const { std::free(block); }

OrderedWriter::OrderedWriter(const FileDescriptor& file, const fs::path& path)
    : file_(file), path_(path) {
  for (auto& block : blocks_) {
    block.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, kBlockBytes)));
    if (!block) throw std::bad_alloc();
  }
  thread_ = std::thread([this] { Run(); });
}

OrderedWriter::~OrderedWriter() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void OrderedWriter::Append(const void* bytes, size_t size) {
  const auto* from = static_cast<const std::byte*>(bytes);
  appended_ += size;
  while (size > 0) {
    const size_t taken = std::min(size, kBlockBytes - in_block_);
    std::memcpy(blocks_[filling_].get() + in_block_, from, taken);
    in_block_ += taken;
    from += taken;
    size -= taken;
    if (in_block_ == kBlockBytes) HandOver();
  }
}

void OrderedWriter::HandOver() {
  std::unique_lock lock(mutex_);
  ++full_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return full_ < kBlocks || error_; });
  Throw();
  filling_ = (filling_ + 1) % kBlocks;
  in_block_ = 0;
}

void OrderedWriter::Throw() {
  if (error_) std::rethrow_exception(error_);
}

// Blocks are whole, so that each begins at a multiple of their size.
void OrderedWriter::Run() {
  std::unique_lock lock(mutex_);
  for (uint64_t number = 0;; ++number) {
    changed_.wait(lock, [this] { return full_ > 0 || is_ending_; });
    if (full_ == 0) return;
    lock.unlock();
    std::exception_ptr error;
    try {
      WriteAt(file_.get(), number * kBlockBytes, blocks_[number % kBlocks].get(), kBlockBytes,
              path_);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --full_;
    if (error) error_ = error;
    changed_.notify_all();
    if (error) return;
  }
}

void OrderedWriter::Finish() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return full_ == 0 || error_; });
    Throw();
  }
  LeaveDirect(file_.get());  // the last block is no whole one
  WriteAt(file_.get(), appended_ - in_block_, blocks_[filling_].get(), in_block_, path_);
}

}  // namespace upcycle
