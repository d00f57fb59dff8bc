#include "experiments/run/stage_parts.h"

#include <system_error>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/stopwatch.h"
#include "core/temporary_name.h"

namespace upcycle {
namespace {

bool IsOwnFolder(const fs::path& path) {
  std::error_code absent;
  return fs::is_directory(fs::symlink_status(path, absent));
}

// Links count as nothing and are not followed; what vanishes meanwhile counts as nothing too.
int64_t BytesIn(const fs::path& folder) {
  int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    if (!fs::is_regular_file(entry->symlink_status(gone))) continue;
    const auto size = entry->file_size(gone);
    if (!gone) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

void RemoveAll(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw SystemError("remove", path.native(), error.value());
}

}  // namespace

std::vector<StagePart> PartsOf(const StageFolder& folder) {
  std::vector<StagePart> parts;
  const auto add = [&](PartKind kind, const fs::path& path) {
    if (IsOwnFolder(path)) parts.push_back({kind, path, BytesIn(path)});
  };
  if (!IsOwnFolder(folder.path())) return parts;
  add(PartKind::kOutput, folder.tokens());
  add(PartKind::kOutput, folder.model());
  add(PartKind::kCheckpoints, folder.checkpoints());
  for (const fs::path& target : {folder.tokens(), folder.model(), folder.checkpoints()}) {
    for (const fs::path& leftover : LeftoversOf(target)) add(PartKind::kLeftover, leftover);
  }
  return parts;
}

void RemovePart(const StageFolder& folder, const StagePart& part) {
  if (part.kind == PartKind::kLeftover) return RemoveAll(part.path);
  if (part.kind == PartKind::kOutput) {
    const nlohmann::json note = {
        {"removed", part.path.filename().native()}, {"bytes", part.bytes}, {"time", UnixSeconds()}};
    WriteFileAtomically(folder.removal_note(), note.dump() + "\n");
  }
  const fs::path aside = TemporaryName(part.path);
  RemoveAll(aside);
  Rename(part.path, aside);
  SyncDirectory(folder.path());
  RemoveAll(aside);
}

}  // namespace upcycle
