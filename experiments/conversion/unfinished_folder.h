// A folder that appears whole, however often making it is broken off: it is filled under another
// name beside its place, and what is whole in there stays for the next attempt at the same thing.
#pragma once

#include <optional>

#include "core/file_lock.h"
#include "core/files.h"
#include "core/fingerprint.h"

namespace upcycle {

class UnfinishedFolder {
 public:
  // `identity` is of everything that decides what will be in the folder. Throws Error(kInput) where
  // the target exists, where another process fills it, or where something else lies in its place;
  // each says what to do.
  UnfinishedFolder(const fs::path& target, const Fingerprint& identity);

  // Where a target is filled: "TARGET.unfinished".
  static fs::path PathFor(const fs::path& target);

  // Where to write.
  const fs::path& path() const { return path_; }
  // Whether an earlier attempt left something.
  bool is_resumed() const { return is_resumed_; }

  // Puts it in its place, durably.
  void Commit();

 private:
  void RequireAbsent() const;
  void Lock();
  void Begin(const Fingerprint& identity) const;
  void Resume(const Fingerprint& identity) const;

  fs::path target_;
  fs::path path_;
  std::optional<FileLock> lock_;
  bool is_resumed_ = false;
};

}  // namespace upcycle
