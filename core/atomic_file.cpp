#include "core/atomic_file.h"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/check.h"
#include "core/temporary_name.h"

namespace upcycle {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;

// File systems without a way past the cache refuse the flag.
FileDescriptor OpenTarget(const fs::path& path, FileFlow flow) {
  if (flow == FileFlow::kInOrder) {
    const int descriptor = ::open(path.c_str(), kFlags | O_DIRECT | O_CLOEXEC, 0666);
    if (descriptor >= 0) return FileDescriptor(descriptor);
  }
  return OpenFile(path, kFlags, "write");
}

}  // namespace

AtomicFile::AtomicFile(fs::path target, FileFlow flow)
    : target_(std::move(target)),
      temporary_(TemporaryName(target_)),
      file_(OpenTarget(temporary_, flow)) {
  if (flow == FileFlow::kInOrder) writer_ = std::make_unique<OrderedWriter>(file_, target_);
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::Reserve(uint64_t bytes) {
  UPCYCLE_CHECK(writer_ != nullptr);
  writer_->Reserve(bytes);
}

void AtomicFile::Append(const void* bytes, size_t size) {
  if (writer_) return writer_->Append(bytes, size);
  buffer_.append(static_cast<const char*>(bytes), size);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void AtomicFile::Flush() {
  if (writer_) return writer_->Finish();
  upcycle::WriteAt(file_.get(), appended_, buffer_.data(), buffer_.size(), target_);
  appended_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::WriteAt(uint64_t offset, const void* bytes, size_t size) {
  if (writer_) {
    UPCYCLE_CHECK_EQ(offset, writer_->appended());
    return writer_->Append(bytes, size);
  }
  Flush();
  upcycle::WriteAt(file_.get(), offset, bytes, size, target_);
}

void AtomicFile::Sync() {
  Flush();
  SyncFile(file_.get(), target_);
}

void AtomicFile::Commit() {
  Sync();
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
