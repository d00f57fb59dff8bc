// A cgroup of memory (cgroups(7), either version) that this process is in while it lives, and with
// it the children that it begins: a machine with less memory, whose kernel kills for want of it.
#pragma once

#include <cstdint>
#include <string>

#include <unistd.h>

#include "core/files.h"
#include "tests/temporary_folder.h"

namespace upcycle {

class MemoryGroup {
 public:
  // At most `bytes`, of which none is moved out to a disk.
  explicit MemoryGroup(int64_t bytes) {
    const bool old = std::filesystem::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    const std::filesystem::path mount = old ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    before_ = mount / GroupNow(old ? ":memory:" : "0::");
    group_ = mount / ("upcycle-test-" + std::to_string(getpid()));
    std::error_code refused;
    if (!std::filesystem::create_directory(group_, refused)) return;
    const std::string limit = std::to_string(bytes);
    works_ = old ? Write(group_ / "memory.limit_in_bytes", limit)
                 : Write(group_ / "memory.max", limit) && Write(group_ / "memory.swap.max", "0");
    if (old) Write(group_ / "memory.memsw.limit_in_bytes", limit);  // where swap is counted
    works_ = works_ && Join(group_);
  }
  ~MemoryGroup() {
    Join(before_);
    rmdir(group_.c_str());
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  bool works() const { return works_; }

 private:
  // The path behind this mark in /proc/self/cgroup, without the slash that it begins with.
  static std::string GroupNow(const std::string& mark) {
    const std::string groups = ReadTextFile("/proc/self/cgroup");
    const size_t at = groups.find(mark);
    if (at == std::string::npos) return "";
    const size_t begin = at + mark.size() + 1;
    return groups.substr(begin, groups.find('\n', begin) - begin);
  }
  static bool Write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream stream(file);
    stream << text << std::flush;
    return stream.good();
  }
  static bool Join(const std::filesystem::path& group) {
    return Write(group / "cgroup.procs", std::to_string(getpid()));
  }

  std::filesystem::path before_, group_;
  bool works_ = false;
};

}  // namespace upcycle
