// A whole regular file, read-only, mapped into memory. An empty file gives an empty span. Whoever
// shortens a file while it is mapped kills its readers: for files that never shrink.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/files.h"

namespace upcycle {

class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return bytes_; }
  // Asks the system to read a part of bytes() into memory while something else is done.
  void Prefetch(std::span<const std::byte> part) const;
  // Tells the system that a part of bytes() is not needed now: its pages, but those that it shares
  // with other parts, leave memory and come back where they are read again.
  void Release(std::span<const std::byte> part) const;
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace upcycle
