#include "core/process_identity.h"

#include <cerrno>
#include <sstream>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {
namespace {

// The text of a small file, without the space at its end; empty where it cannot be read.
std::string TextAt(const fs::path& path) {
  try {
    std::string text = ReadTextFile(path, 4096);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
  } catch (const Error&) {
    return "";
  }
}

// Field 22 of /proc/PID/stat (proc(5)). The second field, in parentheses, may hold anything.
std::optional<uint64_t> StartTicks(int64_t pid) {
  const std::string stat = TextAt(fmt::format("/proc/{}/stat", pid));
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  uint64_t ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  return ticks;
}

std::string BootOfThisMachine() { return TextAt("/proc/sys/kernel/random/boot_id"); }

}  // namespace

std::string HostName() {
  char name[256] = {};
  const bool known = ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0';
  return known ? name : "unknown";
}

ProcessIdentity ThisProcess() {
  const int64_t pid = ::getpid();
  return {HostName(), BootOfThisMachine(), pid, StartTicks(pid).value_or(0)};
}

std::string Describe(const ProcessIdentity& process) {
  return process.pid == 0 ? "a process that left no name"
                          : fmt::format("process {} on {}", process.pid, process.host);
}

std::string TextOf(const ProcessIdentity& process) {
  return fmt::format("{} {} {} {}", process.pid, process.start_ticks,
                     process.boot.empty() ? "-" : process.boot, process.host);
}

std::optional<ProcessIdentity> ProcessFromText(std::string_view text) {
  std::istringstream fields{std::string(text)};
  ProcessIdentity process;
  if (!(fields >> process.pid >> process.start_ticks >> process.boot >> process.host)) {
    return std::nullopt;
  }
  if (process.pid <= 0) return std::nullopt;
  if (process.boot == "-") process.boot.clear();
  return process;
}

std::optional<FileDescriptor> OpenProcess(const ProcessIdentity& process) {
  if (process.pid <= 0 || process.host != HostName() || process.boot != BootOfThisMachine()) {
    return std::nullopt;
  }
  FileDescriptor descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  // Opened first, looked at then: what it means cannot change any more.
  if (descriptor.get() < 0 || StartTicks(process.pid) != process.start_ticks) return std::nullopt;
  return descriptor;
}

}  // namespace upcycle
