#include "experiments/scheduling/memory_kills.h"

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

// The file that counts kills in the group (cgroups(7), either version) that this process is in, and
// with it those that it starts: what the kernel kills in others is no worker of ours. Where there
// are no groups, it counts those of the whole machine.
std::string FileThatCounts() {
  const std::string mount = "/sys/fs/cgroup";  // where it always is
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t controllers = line.find(':') + 1;
    const size_t path = line.find(':', controllers) + 1;
    if (controllers == 0 || path == 0) continue;
    const bool is_unified = path == controllers + 1;
    const std::string names = "," + line.substr(controllers, path - 1 - controllers) + ",";
    if (!is_unified && names.find(",memory,") == std::string::npos) continue;
    const std::string top = is_unified ? mount : mount + "/memory";
    const std::string name = is_unified ? "/memory.events.local" : "/memory.oom_control";
    // A container may see its own group in the place of the topmost.
    for (const std::string& file : {top + line.substr(path) + name, top + name}) {
      if (std::ifstream(file).good()) return file;
    }
  }
  return "/proc/vmstat";
}

}  // namespace

MemoryKills::MemoryKills() : file_(FileThatCounts()), seen_(KillsSoFar()) {}

int64_t MemoryKills::KillsSoFar() const { return ValueOf(file_, "oom_kill"); }

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
