// A file that is written piece by piece and appears whole: it lies under a temporary name in the
// target's folder until Commit syncs and renames it. Not committed, it is removed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "core/files.h"

namespace upcycle {

// How a file is written.
//   kAnyOrder  through the system's cache
//   kInOrder   from its beginning to its end, past the system's cache where the file system lets
//   it:
//              for files of gigabytes, which would drive everything else from memory
enum class FileFlow { kAnyOrder, kInOrder };

class AtomicFile {
 public:
  // The target's folder must exist. Throws Error as SystemError says.
  explicit AtomicFile(fs::path target, FileFlow flow = FileFlow::kAnyOrder);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Buffered, behind everything that was appended before.
  void Append(const void* bytes, size_t size);
  // Over or behind what was appended before, at an absolute place; a gap reads as zero. In order,
  // that place is the end.
  void WriteAt(uint64_t offset, const void* bytes, size_t size);
  // A reader sees the old file or the new one, never a part.
  void Commit();

 private:
  void Flush();
  void AppendInOrder(const std::byte* bytes, size_t size);
  void WriteBlock();
  void AwaitBlock();

  fs::path target_;
  fs::path temporary_;
  FileFlow flow_;
  FileDescriptor file_;
  std::string buffer_;
  uint64_t appended_ = 0;  // bytes that left the buffer
  // In order: blocks as the disk takes them, aligned in memory and in the file. One is filled while
  // the other is written.
  struct FreeBlock {
    void operator()(std::byte* block) const;
  };
  std::array<std::unique_ptr<std::byte, FreeBlock>, 2> blocks_;
  size_t block_ = 0;
  size_t in_block_ = 0;
  std::future<void> writing_;
  bool committed_ = false;
};

// All of a file at once.
void WriteFileAtomically(const fs::path& path, std::string_view content);

}  // namespace upcycle
