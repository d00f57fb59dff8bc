// What `upcycle doctor` says of the machine beside its processor and GPUs.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/timex.h>

#include "core/files.h"
#include "core/program_run.h"
#include "kernels/cpu/blas_info.h"
#include "results/plots/image_file.h"
#include "results/tables/number_text.h"
#include "tools/terminal/cores.h"
#include "tools/upkeep/finding.h"

namespace upcycle {
namespace {

constexpr std::chrono::seconds kSlurmAnswersWithin{5};

// The first word of a file; nothing where it cannot be read.
std::optional<std::string> WordIn(const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  return file >> word ? std::optional(word) : std::nullopt;
}

std::optional<double> NumberIn(const fs::path& path) {
  const auto word = WordIn(path);
  if (!word || word->find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stod(*word);
}

// This process's group in a hierarchy of cgroups (cgroups(7)) and every group around it, as folders
// below `mount`. `controller` is empty for the one hierarchy of version 2.
std::vector<fs::path> GroupsUnder(const fs::path& mount, const std::string& controller) {
  std::ifstream lines("/proc/self/cgroup");
  std::vector<fs::path> groups;
  for (std::string line; std::getline(lines, line);) {
    const size_t name = line.find(':') + 1;
    const size_t path = line.find(':', name) + 1;
    if (name == 0 || path == 0) continue;
    const std::string controllers = "," + line.substr(name, path - 1 - name) + ",";
    if (controllers.find("," + controller + ",") == std::string::npos) continue;
    fs::path group = line.substr(path);
    for (; group.has_relative_path(); group = group.parent_path()) {
      groups.push_back(mount / group.relative_path());
    }
  }
  groups.push_back(mount);  // a container sees its own group there
  return groups;
}

struct ContainerLimits {
  double memory_bytes = std::numeric_limits<double>::infinity();
  double cores = std::numeric_limits<double>::infinity();
};

ContainerLimits ReadContainerLimits() {
  ContainerLimits limits;
  const auto memory = [&](const std::optional<double>& bytes) {
    if (bytes) limits.memory_bytes = std::min(limits.memory_bytes, *bytes);
  };
  for (const fs::path& group : GroupsUnder("/sys/fs/cgroup", "")) {
    memory(NumberIn(group / "memory.max"));
    std::ifstream file(group / "cpu.max");
    double quota = 0, period = 0;
    if (file >> quota >> period && period > 0)
      limits.cores = std::min(limits.cores, quota / period);
  }
  for (const fs::path& group : GroupsUnder("/sys/fs/cgroup/memory", "memory")) {
    memory(NumberIn(group / "memory.limit_in_bytes"));
  }
  for (const fs::path& group : GroupsUnder("/sys/fs/cgroup/cpu", "cpu")) {
    const auto quota = NumberIn(group / "cpu.cfs_quota_us");  // -1: none
    const auto period = NumberIn(group / "cpu.cfs_period_us");
    if (quota && period && *period > 0) limits.cores = std::min(limits.cores, *quota / *period);
  }
  // Version 1 says "no limit" with the largest whole number of pages.
  constexpr double kNoLimit = 9e18;
  if (limits.memory_bytes > kNoLimit) limits.memory_bytes = std::numeric_limits<double>::infinity();
  return limits;
}

std::string LimitText(rlim_t limit) {
  return limit == RLIM_INFINITY ? "any number of" : fmt::format("{}", limit);
}

rlim_t LimitOf(__rlimit_resource resource) {
  rlimit limit = {};
  return ::getrlimit(resource, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

// What the first line of a command's output says; nothing where there is no such command.
std::optional<std::string> FirstLineOf(const char* command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command, "re"), ::pclose);
  std::array<char, 256> line = {};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) return std::nullopt;
  std::string text = line.data();
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

}  // namespace

Finding LookAtBlas() {
  const BlasInfo blas = LookAtOpenBlas();
  return {"blas", blas.is_right,
          fmt::format("{}, kernels of {}, one thread a product", blas.config, blas.core),
          blas.is_right ? ""
                        : "these kernels leave vectors of this processor unused: unset "
                          "OPENBLAS_CORETYPE, or install a newer OpenBLAS (libopenblas0-pthread)"};
}

Finding LookAtContainer() {
  const ContainerLimits limits = ReadContainerLimits();
  const bool has_memory = std::isfinite(limits.memory_bytes);
  const bool has_cores = std::isfinite(limits.cores);
  if (!has_memory && !has_cores) return {"cgroup", true, "no limit of memory or cores", ""};
  const bool enough = !has_cores || limits.cores >= Cores();
  return {"cgroup", enough,
          fmt::format("{} of memory, {} cores",
                      has_memory ? "at most " + BytesText(limits.memory_bytes) : "all",
                      has_cores ? fmt::format("at most {:.1f}", limits.cores) : "all"),
          enough ? ""
                 : fmt::format("{} cores are seen, but their time is rationed: use -j {:.0f}",
                               Cores(), std::max(1.0, std::floor(limits.cores)))};
}

Finding LookAtLimits() {
  constexpr rlim_t kFewestFiles = 1024;
  constexpr rlim_t kFewestProcesses = 1024;  // threads count
  const rlim_t files = LimitOf(RLIMIT_NOFILE), processes = LimitOf(RLIMIT_NPROC);
  const rlim_t bytes = LimitOf(RLIMIT_FSIZE);
  std::string advice;
  if (files < kFewestFiles) advice = fmt::format("ulimit -n {}", kFewestFiles);
  if (processes < kFewestProcesses) {
    advice += fmt::format("{}ulimit -u {}", advice.empty() ? "" : "; ", kFewestProcesses);
  }
  if (bytes != RLIM_INFINITY) advice += advice.empty() ? "ulimit -f unlimited" : "; -f unlimited";
  return {"limits", advice.empty(),
          fmt::format("{} open files, {} processes and threads, files of {}", LimitText(files),
                      LimitText(processes),
                      bytes == RLIM_INFINITY ? "any size" : BytesText(static_cast<double>(bytes))),
          advice};
}

Finding LookAtClock() {
  timex clock = {};
  const int state = ::adjtimex(&clock);
  if (state < 0) return {"clock", true, "the system does not say whether it is kept right", ""};
  const bool kept = state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
  if (kept) {
    return {"clock", true,
            fmt::format("kept right, within {:.1f} ms", static_cast<double>(clock.maxerror) / 1000),
            ""};
  }
  return {"clock", false, "nobody keeps it right",
          "results do not depend on it, but times in status and in the ledger do: run an NTP "
          "service, such as chrony"};
}

// Commands that are there say nothing about the controller, without which each of them waits.
Finding LookAtSlurm() {
  const auto version = FirstLineOf("sinfo --version 2>/dev/null");
  if (!version) {
    return {"slurm", false, "no sinfo in PATH",
            "runs on this machine need none; on a cluster, start upcycle on a login node"};
  }
  const ProgramEnd ping = RunToEnd({"scontrol", "ping"}, {}, kSlurmAnswersWithin);
  if (ping.out.find(" is UP") != std::string::npos) {
    return {"slurm", true, *version + ", its controller answers", ""};
  }
  return {"slurm", false, *version + ", its controller does not answer",
          "runs on this machine need none; `scontrol ping` says which host should answer: start "
          "slurmctld there, or ask who keeps the cluster"};
}

Finding LookAtRenderer() {
  const auto version = RendererVersion();
  if (version) return {"plots", true, *version, ""};
  return {"plots", false, "no rsvg-convert in PATH",
          "plots as SVG need none; for PNG and PDF install Debian's package librsvg2-bin"};
}

Finding LookAtNccl() {
  constexpr const char* kName = "libnccl.so.2";
  void* library = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return {"nccl", false, fmt::format("{} is not there", kName),
            "a run on one GPU or on the CPU needs none; NVIDIA's package libnccl2 has it"};
  }
  int version = 0;
  const auto get_version = reinterpret_cast<int (*)(int*)>(::dlsym(library, "ncclGetVersion"));
  const bool works = get_version != nullptr && get_version(&version) == 0;
  ::dlclose(library);
  if (!works) return {"nccl", false, fmt::format("{} does not tell its version", kName), ""};
  return {"nccl", true,
          fmt::format("{} {}.{}.{}", kName, version / 10000, version / 100 % 100, version % 100),
          ""};
}

}  // namespace upcycle
