#include "results/interchange/export_folder.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/temporary_name.h"

namespace upcycle {
namespace {

constexpr const char* kContents = "upcycle-export.json";

// Absolute, and without the slash that people end folders in.
fs::path FreeTarget(const fs::path& folder) {
  fs::path target = fs::absolute(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  std::error_code none;
  const bool is_there = fs::exists(fs::symlink_status(target, none));
  const bool is_folder = fs::is_directory(target, none);
  if (is_there && !(is_folder && (fs::is_empty(target) || fs::exists(target / kContents)))) {
    throw Error(Cause::kInput, fmt::format("{} is there, and no earlier export: name a new folder",
                                           target.native()));
  }
  return target;
}

}  // namespace

ExportFolder::ExportFolder(const fs::path& target, const std::string& format,
                           const std::string& study)
    : target_(FreeTarget(target)),
      contents_({{"format", format}, {"study", study}, {"runs", nlohmann::json::array()}}),
      temporary_(TemporaryName(target_)) {
  MakeDirectories(temporary_);
}

ExportFolder::~ExportFolder() {
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

void ExportFolder::Write(const fs::path& file, std::string_view content) {
  const fs::path path = temporary_ / file;
  MakeDirectories(FolderOf(path));
  const FileDescriptor out = OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, "write");
  WriteAll(out.get(), content.data(), content.size(), path);
}

void ExportFolder::MakeFolder(const fs::path& folder) { MakeDirectories(temporary_ / folder); }

void ExportFolder::NameRun(const RunValues& run, const fs::path& folder) {
  contents_["runs"].push_back({{"arm", run.arm},
                               {"seed", run.seed},
                               {"state", NameOf(run.state)},
                               {"folder", folder.native()}});
}

void ExportFolder::Commit() {
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  Write(kContents, contents_.dump(2, ' ', false, kReplace) + "\n");
  fs::remove_all(target_);
  Rename(temporary_, target_);
}

}  // namespace upcycle
