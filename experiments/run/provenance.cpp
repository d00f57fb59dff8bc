#include "experiments/run/provenance.h"

#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>

#include "core/build_info.h"
#include "core/error.h"
#include "core/files.h"
#include "core/shell_word.h"
#include "kernels/gpus.h"

namespace upcycle {
namespace {

std::string SystemText() {
  utsname system = {};
  if (::uname(&system) != 0) return "unknown";
  return fmt::format("{} {} {}", system.sysname, system.release, system.machine);
}

// "model name" of the first processor (proc_cpuinfo(5)).
std::string ProcessorText() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("model name")) continue;
    const size_t value = line.find(": ");
    if (value != std::string::npos) return line.substr(value + 2);
  }
  return "unknown";
}

std::string CudaVersionText(int version) {
  return version == 0 ? "none" : fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

std::string CommandLineOfThisProcess() {
  std::string words;
  try {
    words = ReadTextFile("/proc/self/cmdline");
  } catch (const Error&) {
    return "";
  }
  std::string line;
  for (size_t begin = 0; begin < words.size();) {
    const size_t end = words.find('\0', begin);
    if (!line.empty()) line += ' ';
    line += ShellWord(words.substr(begin, end - begin));
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return line;
}

nlohmann::json Provenance(bool on_gpu) {
  nlohmann::json provenance = {{"version", kVersion},
                               {"build", BuildFingerprint()},
                               {"compiler", CompilerText()},
                               {"libraries", LibrariesText()},
                               {"system", SystemText()},
                               {"processor", ProcessorText()},
                               {"command_line", CommandLineOfThisProcess()}};
  if (on_gpu) {
    const GpuSoftware software = VersionsOfGpuSoftware();
    provenance["cuda_toolkit"] = CudaVersionText(software.toolkit_version);
    provenance["cuda_driver"] = CudaVersionText(software.driver_version);
  }
  return provenance;
}

}  // namespace upcycle
