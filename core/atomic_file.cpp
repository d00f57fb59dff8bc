#include "core/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/check.h"
#include "core/temporary_name.h"

namespace upcycle {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
// Past the cache, addresses, places and sizes are multiples of the disk's sector at least.
constexpr size_t kAlignment = 4096;
constexpr size_t kBlockBytes = 8 << 20;

constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;

// File systems without a way past the cache refuse the flag with EINVAL.
FileDescriptor OpenTarget(const fs::path& path, FileFlow flow) {
  if (flow == FileFlow::kInOrder) {
    const int descriptor = ::open(path.c_str(), kFlags | O_DIRECT | O_CLOEXEC, 0666);
    if (descriptor >= 0) return FileDescriptor(descriptor);
  }
  return OpenFile(path, kFlags, "write");
}

void LeaveDirect(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags >= 0 && (flags & O_DIRECT) != 0) ::fcntl(descriptor, F_SETFL, flags & ~O_DIRECT);
}

}  // namespace

void AtomicFile::FreeBlock::operator()(std::byte* block) const { std::free(block); }

AtomicFile::AtomicFile(fs::path target, FileFlow flow)
    : target_(std::move(target)),
      temporary_(TemporaryName(target_)),
      flow_(flow),
      file_(OpenTarget(temporary_, flow)) {
  if (flow == FileFlow::kAnyOrder) return;
  for (auto& block : blocks_) {
    block.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, kBlockBytes)));
    if (!block) throw std::bad_alloc();
  }
}

AtomicFile::~AtomicFile() {
  if (writing_.valid()) writing_.wait();
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::Append(const void* bytes, size_t size) {
  if (flow_ == FileFlow::kInOrder) {
    return AppendInOrder(static_cast<const std::byte*>(bytes), size);
  }
  buffer_.append(static_cast<const char*>(bytes), size);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void AtomicFile::AppendInOrder(const std::byte* bytes, size_t size) {
  while (size > 0) {
    const size_t taken = std::min(size, kBlockBytes - in_block_);
    std::memcpy(blocks_[block_].get() + in_block_, bytes, taken);
    in_block_ += taken;
    bytes += taken;
    size -= taken;
    if (in_block_ == kBlockBytes) WriteBlock();
  }
}

void AtomicFile::WriteBlock() {
  AwaitBlock();
  const std::byte* block = blocks_[block_].get();
  writing_ = std::async(std::launch::async, [this, block, at = appended_, size = in_block_] {
    upcycle::WriteAt(file_.get(), at, block, size, target_);
  });
  appended_ += in_block_;
  in_block_ = 0;
  block_ = 1 - block_;
}

void AtomicFile::AwaitBlock() {
  if (writing_.valid()) writing_.get();
}

void AtomicFile::Flush() {
  if (flow_ == FileFlow::kInOrder) {
    AwaitBlock();
    // Only the file's last block is not a whole one.
    if (in_block_ % kAlignment != 0) LeaveDirect(file_.get());
    WriteBlock();
    return AwaitBlock();
  }
  upcycle::WriteAt(file_.get(), appended_, buffer_.data(), buffer_.size(), target_);
  appended_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::WriteAt(uint64_t offset, const void* bytes, size_t size) {
  if (flow_ == FileFlow::kInOrder) {
    UPCYCLE_CHECK_EQ(offset, appended_ + in_block_);
    return Append(bytes, size);
  }
  Flush();
  upcycle::WriteAt(file_.get(), offset, bytes, size, target_);
}

void AtomicFile::Commit() {
  Flush();
  SyncFile(file_.get(), target_);
  Rename(temporary_, target_);
  committed_ = true;
  SyncDirectory(FolderOf(target_));
}

void WriteFileAtomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.Append(content.data(), content.size());
  file.Commit();
}

}  // namespace upcycle
