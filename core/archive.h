// Plain files, one after another, as one file: a tar archive that is compressed with zstd
// (libarchive). The same files give the same bytes: entries have no owner, time or rights of their
// own, and come in the order in which they are added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/files.h"

namespace upcycle {

// An archive that appears whole (core/atomic_file.h).
class ArchiveWriter {
 public:
  explicit ArchiveWriter(const fs::path& target);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  void Add(std::string_view name, std::string_view content);
  // The first `bytes` of a file. Throws Error(kInput) where it is shorter.
  void AddFile(std::string_view name, const fs::path& path, uint64_t bytes);
  void Commit();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

struct ArchiveEntry {
  std::string name;  // as it stands there: whoever makes a path of it checks it
  uint64_t bytes = 0;
};

// Reads an archive that anybody may have made, from its beginning to its end. Throws Error(kInput)
// for what is no archive of this kind, is damaged or ends too early, and for entries that are no
// plain files: folders, links, devices, files with holes.
class ArchiveReader {
 public:
  explicit ArchiveReader(const fs::path& path);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  // The next entry; empty behind the last. What was not read of the one before is passed over.
  std::optional<ArchiveEntry> Next();

  // The next bytes of the entry: how many there were, 0 at its end.
  size_t Read(void* bytes, size_t size);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace upcycle
