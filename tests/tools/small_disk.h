// A disk that can be filled.
#pragma once

#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/files.h"

namespace upcycle {

// A small file system of the test's own, where the machine lets it have one.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& path) : path_(path) {
    fs::create_directories(path);
    mounted_ = unshare(CLONE_NEWNS) == 0 &&
               mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("tmpfs", path.c_str(), "tmpfs", 0, "size=96m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

  // Leaves no byte to anybody.
  void Fill() const {
    const FileDescriptor file(open((path_ / "filler").c_str(), O_WRONLY | O_CREAT, 0600));
    const std::string block(1 << 16, 'x');
    for (size_t size = block.size(); size > 0; size /= 16) {
      while (write(file.get(), block.data(), size) > 0) continue;
    }
  }
  void Free() const {
    std::error_code ignored;
    fs::remove(path_ / "filler", ignored);
  }

 private:
  fs::path path_;
  bool mounted_;
};

}  // namespace upcycle
