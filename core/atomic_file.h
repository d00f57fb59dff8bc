// A file that is written piece by piece and appears whole: it lies under a temporary name in the
// target's folder until Commit syncs and renames it. Not committed, it is removed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/ordered_writer.h"

namespace upcycle {

// How a file is written.
//   kAnyOrder  through the system's cache
//   kInOrder   from its beginning to its end, past the system's cache where the file system lets
//              it: for files of gigabytes, which would drive everything else from memory
enum class FileFlow { kAnyOrder, kInOrder };

class AtomicFile {
 public:
  // The target's folder must exist. Throws Error as SystemError says.
  explicit AtomicFile(fs::path target, FileFlow flow = FileFlow::kAnyOrder);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // In order, of which it is the first call: how long the file will be at most. Throws Error(kDisk)
  // where the disk has no room for it.
  void Reserve(uint64_t bytes);
  // Buffered, behind everything that was appended before.
  void Append(const void* bytes, size_t size);
  // Over or behind what was appended before, at an absolute place; a gap reads as zero. In order,
  // that place is the end.
  void WriteAt(uint64_t offset, const void* bytes, size_t size);
  // What was written is on the disk. Nothing may be written after it.
  void Sync();
  // A reader sees the old file or the new one, never a part.
  void Commit();

 private:
  void Flush();

  fs::path target_;
  fs::path temporary_;
  FileDescriptor file_;
  std::unique_ptr<OrderedWriter> writer_;  // in order
  std::string buffer_;                     // in any order
  uint64_t appended_ = 0;                  // bytes that left the buffer
  bool committed_ = false;
};

// All of a file at once.
void WriteFileAtomically(const fs::path& path, std::string_view content);

}  // namespace upcycle
