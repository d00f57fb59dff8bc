#include "experiments/scheduling/host_memory.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"
#include "core/files.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

std::string TextOrNothing(const fs::path& path) {
  try {
    return ReadTextFile(path);
  } catch (const Error&) {
    return "";
  }
}

// The number behind `key` in a file of lines, or the file's first; -1 where there is none.
int64_t NumberBehind(const std::string& text, std::string_view key) {
  const size_t begin = text.find(key);
  if (begin == std::string::npos) return -1;
  const char* digits = text.c_str() + begin + key.size();
  char* end = nullptr;
  const long long number = std::strtoll(digits, &end, 10);
  return end == digits ? -1 : number;
}

// What the control group (version 2) of this process may still take, its files in memory counted as
// free.
int64_t RoomOfControlGroup() {
  const std::string own = TextOrNothing("/proc/self/cgroup");
  const size_t begin = own.find("0::");
  if (begin == std::string::npos) return kNoLimit;
  const std::string name = own.substr(begin + 3, own.find('\n', begin) - begin - 3);
  const fs::path folder = "/sys/fs/cgroup" + (name == "/" ? "" : name);
  const int64_t limit = NumberBehind(TextOrNothing(folder / "memory.max"), "");
  const int64_t used = NumberBehind(TextOrNothing(folder / "memory.current"), "");
  if (limit < 0 || used < 0) return kNoLimit;
  const int64_t files =
      std::max<int64_t>(0, NumberBehind(TextOrNothing(folder / "memory.stat"), "\ninactive_file "));
  return std::max<int64_t>(1, limit - used + files);
}

}  // namespace

int64_t AvailableMemoryBytes() {
  const int64_t kilobytes = NumberBehind(TextOrNothing("/proc/meminfo"), "MemAvailable:");
  if (kilobytes < 0) return 0;
  return std::min(kilobytes * 1024, RoomOfControlGroup());
}

std::string HostMemory::Take(const Fingerprint& stage, int64_t bytes) {
  UPCYCLE_CHECK(!held_.contains(stage));
  const int64_t left = room_bytes_ - taken_bytes_;
  if (room_bytes_ > 0 && !held_.empty() && bytes > left) {
    return fmt::format("for memory: needs {}, {} are left", BytesText(static_cast<double>(bytes)),
                       BytesText(static_cast<double>(std::max<int64_t>(0, left))));
  }
  held_[stage] = bytes;
  taken_bytes_ += bytes;
  return "";
}

void HostMemory::Release(const Fingerprint& stage) {
  const auto held = held_.extract(stage);
  if (!held.empty()) taken_bytes_ -= held.mapped();
}

void MemoryNeeds::Learn(const std::string& likeness, int64_t peak_bytes) {
  int64_t& peak = peaks_[likeness];
  peak = std::max(peak, peak_bytes);
}

int64_t MemoryNeeds::Of(const std::string& likeness, int64_t planned_bytes) const {
  const auto known = peaks_.find(likeness);
  return known == peaks_.end() ? planned_bytes : known->second;
}

}  // namespace upcycle
