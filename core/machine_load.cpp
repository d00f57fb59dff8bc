#include "core/machine_load.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "core/error.h"
#include "core/process_identity.h"

namespace upcycle {
namespace {

std::string ReadOrNothing(const fs::path& path) {
  constexpr size_t kMost = size_t{8} << 20;
  try {
    return ReadTextFile(path, kMost);
  } catch (const Error&) {
    return "";
  }
}

// Of "MemTotal:  16384 kB" in bytes; 0 where there is no such line.
int64_t FieldOf(const std::string& text, std::string_view name) {
  std::istringstream words(text);
  std::string word;
  int64_t kib = 0;
  while (words >> word) {
    if (word == name && words >> kib) return kib * 1024;
  }
  return 0;
}

}  // namespace

MachineLoad LoadMeter::Look() {
  MachineLoad load = {.host = HostName()};
  const std::string memory = ReadOrNothing(system_ / "meminfo");
  load.memory_bytes = FieldOf(memory, "MemTotal:");
  load.used_bytes = std::max<int64_t>(0, load.memory_bytes - FieldOf(memory, "MemAvailable:"));

  std::istringstream lines(ReadOrNothing(system_ / "stat"));
  std::string line;
  std::optional<CpuTime> now;
  while (std::getline(lines, line) && line.starts_with("cpu")) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name != "cpu") {
      ++load.cores;
      continue;
    }
    // user, nice, system, idle, iowait, irq, softirq, steal: proc(5).
    double ticks[8] = {};
    now.emplace();
    for (double& kind : ticks) {
      words >> kind;
      now->all += kind;
    }
    now->busy = now->all - ticks[3] - ticks[4];
  }
  if (now && before_ && now->all > before_->all) {
    load.busy_share = std::clamp((now->busy - before_->busy) / (now->all - before_->all), 0.0, 1.0);
  }
  before_ = now;
  return load;
}

}  // namespace upcycle
