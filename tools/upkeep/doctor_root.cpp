// What `upcycle doctor` says of a folder of state.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/files.h"
#include "core/plural.h"
#include "core/stopwatch.h"
#include "core/temporary_name.h"
#include "results/ledger/ledger.h"
#include "results/ledger/schema.h"
#include "results/tables/number_text.h"
#include "tools/upkeep/finding.h"

namespace upcycle {
namespace {

// The root, or the nearest folder above it that there is.
fs::path ExistingFolder(const StateOptions& state) {
  fs::path folder = state.Root();
  while (!fs::exists(folder)) folder = folder.parent_path();
  return folder;
}

// Those in which several machines share files (statfs(2)).
std::string NetworkFileSystem(const fs::path& folder) {
  struct statfs info = {};
  if (::statfs(folder.c_str(), &info) != 0) return "";
  switch (static_cast<uint32_t>(info.f_type)) {
    case 0x6969:
      return "NFS";
    case 0x0BD00BD0:
      return "Lustre";
    case 0x47504653:
      return "GPFS";
    case 0x19830326:
      return "BeeGFS";
    case 0x00C36400:
      return "Ceph";
    case 0xFF534D42:
    case 0xFE534D42:
      return "SMB";
    case 0x65735546:
      return "FUSE";
    default:
      return "";
  }
}

// How far ahead of now the ledger's newest attempt lies, in seconds: a clock went back.
double SecondsAhead(Database& ledger) {
  Statement row = ledger.Prepare("SELECT max(max(started), coalesce(max(ended), 0)) FROM attempt");
  return row.Step() && !row.IsNull(0) ? row.Real(0) - UnixSeconds() : 0;
}

}  // namespace

Finding LookAtDisk(const StateOptions& state) {
  const fs::path folder = ExistingFolder(state);
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) return {"disk", false, fmt::format("{}: {}", folder.native(), error.message()), ""};
  const bool writable = ::access(folder.c_str(), W_OK) == 0;
  return {"disk", writable,
          fmt::format("{} free for {}{}", BytesText(static_cast<double>(space.available)),
                      state.Root().native(), writable ? "" : ", which cannot be written"),
          writable ? "" : "choose a folder of your own with --root"};
}

Finding LookAtLocks(const StateOptions& state) {
  const fs::path folder = ExistingFolder(state);
  const std::string network = NetworkFileSystem(folder);
  const std::string where =
      fmt::format("{}{}{}", folder.native(), network.empty() ? "" : " on ", network);
  const fs::path file = TemporaryName(folder / "lock");
  std::string problem;
  try {
    const auto lock = FileLock::TryAcquire(file);
    if (!lock || !FileLock::IsHeld(file)) problem = "two processes may hold one lock";
  } catch (const Error& failure) {
    problem = failure.what();
  }
  std::error_code ignored;
  fs::remove(file, ignored);
  if (!problem.empty()) {
    return {"locks", false, fmt::format("{}: {}", where, problem),
            "choose a --root on a file system with locks (flock), such as a local disk"};
  }
  return {"locks", true, fmt::format("work in {}", where),
          network.empty() ? ""
                          : "look at a running study on the machine that schedules it: others may "
                            "not see the ledger's newest entries"};
}

Finding LookAtLedger(const StateOptions& state) {
  const size_t newest = LedgerMigrations().size();
  try {
    if (!LedgerExists(state.Ledger())) {
      return {"ledger", true, fmt::format("none yet; it will be of version {}", newest), ""};
    }
    Database ledger = OpenLedgerForAGlance(state.Ledger());
    const double ahead = SecondsAhead(ledger);
    const std::string found = fmt::format(
        "version {}, {}, {} of {} stages complete", ledger.ReadInt("PRAGMA user_version"),
        Plural(ledger.ReadInt("SELECT count(*) FROM study"), "study", "studies"),
        ledger.ReadInt("SELECT count(*) FROM stage WHERE state = 'complete'"),
        ledger.ReadInt("SELECT count(*) FROM stage"));
    if (ahead < 1) return {"ledger", true, found, ""};
    return {"ledger", false,
            fmt::format("{}; its newest entry lies {:.0f} s ahead of this clock", found, ahead),
            "a clock was set back, or another machine's differs: set it right with NTP"};
  } catch (const Error& error) {
    return {"ledger", false, error.what(),
            "`upcycle rebuild` makes a damaged one again from the journals"};
  }
}

Finding LookAtScheduler(const StateOptions& state) {
  try {
    const auto holder = FileLock::HolderOf(state.SchedulerLock());
    return {
        "runs", true,
        holder ? fmt::format("{} schedules here", Describe(*holder)) : "nothing schedules here now",
        ""};
  } catch (const Error& error) {
    return {"runs", false, error.what(), ""};
  }
}

}  // namespace upcycle
