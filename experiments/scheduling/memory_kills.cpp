#include "experiments/scheduling/memory_kills.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace upcycle {
namespace {

constexpr double kLookSeconds = 1;
constexpr double kMemorySeconds = 10;

// The number behind `key` in a file of "key number" lines; 0 where there is none.
int64_t ValueOf(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string name;
  int64_t value = 0;
  while (file >> name >> value) {
    if (name == key) return value;
  }
  return 0;
}

// Of the whole machine, and of the container this runs in, where the machine's count is hidden.
int64_t KillsSoFar() {
  return std::max(ValueOf("/proc/vmstat", "oom_kill"),
                  ValueOf("/sys/fs/cgroup/memory.events", "oom_kill"));
}

}  // namespace

MemoryKills::MemoryKills() : seen_(KillsSoFar()) {}

void MemoryKills::Look() {
  if (since_look_.Seconds() >= kLookSeconds) Count();
}

void MemoryKills::Count() {
  since_look_.Restart();
  const int64_t kills = KillsSoFar();
  if (kills > seen_) since_kill_.Restart();
  // Somebody else's process died of the older ones.
  if (since_kill_.Seconds() > kMemorySeconds) untaken_ = 0;
  untaken_ += kills - seen_;
  seen_ = kills;
}

bool MemoryKills::Take() {
  Count();
  if (untaken_ == 0) return false;
  --untaken_;
  return true;
}

}  // namespace upcycle
