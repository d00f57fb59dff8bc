#include "tools/upkeep/root_lock.h"

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/files.h"
#include "core/process_identity.h"

namespace upcycle {
namespace {

// `upcycle status` holds the lock for a moment when it looks whether anybody does.
constexpr int kLockAttempts = 10;
constexpr std::chrono::milliseconds kLockPause{20};

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
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    std::optional<FileLock> lock = FileLock::TryAcquire(state.SchedulerLock());
    if (lock) return std::move(*lock);
    std::this_thread::sleep_for(kLockPause);
  }
  const auto holder = FileLock::HolderOf(state.SchedulerLock()).value_or(ProcessIdentity{});
  throw Error(
      Cause::kInput,
      fmt::format("another `upcycle run` is at work under {}: {}. Wait for it, stop it with "
                  "Ctrl-C there, or choose another --root.{}",
                  state.Root().native(), Describe(holder), StoppedHint(holder)));
}

}  // namespace upcycle
