// A file that is written piece by piece and appears whole: it lies under a temporary name in the
// target's folder until Commit syncs and renames it. Not committed, it is removed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/files.h"

namespace upcycle {

class AtomicFile {
 public:
  // The target's folder must exist. Throws Error as SystemError says.
  explicit AtomicFile(fs::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Buffered, behind everything that was appended before.
  void Append(const void* bytes, size_t size);
  // Over or behind what was appended before, at an absolute place; a gap reads as zero.
  void WriteAt(uint64_t offset, const void* bytes, size_t size);
  // A reader sees the old file or the new one, never a part.
  void Commit();

 private:
  void Flush();

  fs::path target_;
  fs::path temporary_;
  FileDescriptor file_;
  std::string buffer_;
  uint64_t appended_ = 0;  // bytes that left the buffer
  bool committed_ = false;
};

// All of a file at once.
void WriteFileAtomically(const fs::path& path, std::string_view content);

}  // namespace upcycle
