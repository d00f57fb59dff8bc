#include "tools/terminal/root_lock.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/files.h"
#include "core/process_identity.h"

namespace upcycle {
namespace {

// Why this process does not go on, if it is on this machine and somebody stopped it.
std::string StoppedHint(const ProcessIdentity& process) {
  if (!OpenProcess(process)) return "";
  std::string stat;
  try {
    stat = ReadTextFile(fmt::format("/proc/{}/stat", process.pid));
  } catch (const Error&) {
    return "";
  }
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || stat.compare(name_end + 2, 1, "T") != 0) return "";
  return fmt::format(" It was stopped, with Ctrl-Z perhaps: `fg` or `kill -CONT {}` lets it go on.",
                     process.pid);
}

}  // namespace

FileLock LockRoot(const StateOptions& state) {
  MakeDirectories(state.Root());
  if (auto lock = FileLock::TryAcquire(state.SchedulerLock())) return std::move(*lock);
  const auto holder = FileLock::HolderOf(state.SchedulerLock()).value_or(ProcessIdentity{});
  throw Error(
      Cause::kInput,
      fmt::format("another `upcycle run` is at work under {}, or another command that changes it "
                  "or needs it unchanged: {}. Wait for it, stop it with Ctrl-C there, or choose "
                  "another --root.{}",
                  state.Root().native(), Describe(holder), StoppedHint(holder)));
}

}  // namespace upcycle
