#include "core/ordered_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/check.h"
#include "core/error.h"

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
  try {
    for (std::thread& thread : threads_) thread = std::thread([this] { Run(); });
  } catch (const std::system_error& error) {
    End();
    throw Error(Cause::kMemory, fmt::format("no thread could begin to write {}: {}", path.native(),
                                            error.code().message()));
  }
}

OrderedWriter::~OrderedWriter() { End(); }

void OrderedWriter::End() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void OrderedWriter::Reserve(uint64_t bytes) {
  UPCYCLE_CHECK_EQ(appended_, 0u);
  if (bytes == 0 || ::fallocate(file_.get(), 0, 0, static_cast<off_t>(bytes)) == 0) return;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
    throw SystemError("write", path_.native(), errno);
  }
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
  is_full_[filling_] = true;
  ++handed_over_;
  changed_.notify_all();
  filling_ = handed_over_ % kBlocks;
  in_block_ = 0;
  changed_.wait(lock, [this] { return !is_full_[filling_] || error_; });
  Throw();
}

void OrderedWriter::Throw() {
  if (error_) std::rethrow_exception(error_);
}

// Blocks are whole, so that each begins at a multiple of their size.
void OrderedWriter::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return taken_ < handed_over_ || is_ending_ || error_; });
    if (taken_ == handed_over_ || error_) return;
    const uint64_t number = taken_++;
    lock.unlock();
    std::exception_ptr error;
    try {
      WriteAt(file_.get(), number * kBlockBytes, blocks_[number % kBlocks].get(), kBlockBytes,
              path_);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    is_full_[number % kBlocks] = false;
    if (error) error_ = error;
    changed_.notify_all();
  }
}

void OrderedWriter::Finish() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return std::ranges::count(is_full_, true) == 0 || error_; });
    Throw();
  }
  LeaveDirect(file_.get());  // the last block is no whole one
  WriteAt(file_.get(), appended_ - in_block_, blocks_[filling_].get(), in_block_, path_);
  if (::ftruncate(file_.get(), static_cast<off_t>(appended_)) != 0) {
    throw SystemError("write", path_.native(), errno);  // what was reserved may be more
  }
}

}  // namespace upcycle
