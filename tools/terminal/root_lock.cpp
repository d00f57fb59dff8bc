#include "tools/terminal/root_lock.h"

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "core/error.h"
#include "core/files.h"
#include "core/process_identity.h"
#include "core/stopwatch.h"

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

// Whether it was a process of this machine and is none any more.
bool HasEnded(const ProcessIdentity& process) {
  if (process.pid == 0 || process.host != HostName()) return false;
  const auto descriptor = OpenProcess(process);
  if (!descriptor) return true;
  pollfd end = {descriptor->get(), POLLIN, 0};
  return ::poll(&end, 1, 0) == 1;
}

constexpr double kPatienceSeconds = 20;

// Waits while the lock is let go of: the child of a scheduler that was killed holds it, too, until
// it gets to run and becomes a worker; and who has just taken it has not left its name yet.
std::optional<FileLock> AcquireInTurn(const fs::path& path, ProcessIdentity* holder) {
  const Stopwatch waiting;
  while (true) {
    if (auto lock = FileLock::TryAcquire(path)) return lock;
    const auto found = FileLock::HolderOf(path);
    *holder = found.value_or(ProcessIdentity{});
    const bool may_be_free_soon = !found || HasEnded(*found);
    if (!may_be_free_soon || waiting.Seconds() > kPatienceSeconds) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

FileLock LockRoot(const StateOptions& state) {
  MakeDirectories(state.Root());
  ProcessIdentity holder;
  if (auto lock = AcquireInTurn(state.SchedulerLock(), &holder)) return std::move(*lock);
  throw Error(
      Cause::kInput,
      fmt::format("another `upcycle run` is at work under {}, or another command that changes it "
                  "or needs it unchanged: {}. Wait for it, stop it with Ctrl-C there, or choose "
                  "another --root.{}",
                  state.Root().native(), Describe(holder), StoppedHint(holder)));
}

}  // namespace upcycle
