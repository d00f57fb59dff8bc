#include "core/data/atomic_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

}  // namespace

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target)),
      temporary_(fmt::format("{}.{}.tmp", target_.native(), ::getpid())),
      file_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (file_.get() < 0) throw SystemError("write", temporary_.native(), errno);
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::Append(const void* bytes, size_t size) {
  buffer_.append(static_cast<const char*>(bytes), size);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void AtomicFile::Flush() {
  Put(appended_, buffer_.data(), buffer_.size());
  appended_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::WriteAt(uint64_t offset, const void* bytes, size_t size) {
  Flush();
  Put(offset, bytes, size);
}

void AtomicFile::Put(uint64_t offset, const void* bytes, size_t size) {
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = ::pwrite(file_.get(), next, size, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemError("write", target_.native(), errno);
    next += written;
    offset += static_cast<uint64_t>(written);
    size -= static_cast<size_t>(written);
  }
}

void AtomicFile::Commit() {
  Flush();
  if (::fsync(file_.get()) != 0) throw SystemError("sync", target_.native(), errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw SystemError("rename to", target_.native(), errno);
  }
  committed_ = true;
  SyncDirectory(target_.has_parent_path() ? target_.parent_path() : fs::path("."));
}

}  // namespace upcycle
