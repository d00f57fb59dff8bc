#include "core/atomic_file.h"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/temporary_name.h"

namespace upcycle {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

}  // namespace

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target)),
      temporary_(TemporaryName(target_)),
      file_(OpenFile(temporary_, O_WRONLY | O_CREAT | O_TRUNC, "write")) {}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::Append(const void* bytes, size_t size) {
  buffer_.append(static_cast<const char*>(bytes), size);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void AtomicFile::Flush() {
  upcycle::WriteAt(file_.get(), appended_, buffer_.data(), buffer_.size(), target_);
  appended_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::WriteAt(uint64_t offset, const void* bytes, size_t size) {
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
