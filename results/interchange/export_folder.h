// A folder of files for another program, which says what it was made of: `upcycle-export.json` is
//   {"format": TEXT, "study": TEXT, "runs": [{"arm", "seed", "state", "folder"}]}
// so that names which had to change can be turned back. The folder appears whole. It is not synced:
// MLflow's has hundreds of files a run, which would take minutes, and all of them can be made
// again.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/files.h"
#include "results/interchange/run_values.h"

namespace upcycle {

class ExportFolder {
 public:
  // Throws Error(kInput) where something lies at `target` that no such export has made.
  ExportFolder(const fs::path& target, const std::string& format, const std::string& study);

  ~ExportFolder();  // removes what was not committed
  ExportFolder(const ExportFolder&) = delete;
  ExportFolder& operator=(const ExportFolder&) = delete;

  const fs::path& target() const { return target_; }  // absolute

  // A file of the folder, with its own folder.
  void Write(const fs::path& file, std::string_view content);
  void MakeFolder(const fs::path& folder);

  void NameRun(const RunValues& run, const fs::path& folder);

  // The folder is there, in place of an earlier export.
  void Commit();

 private:
  fs::path target_;
  nlohmann::ordered_json contents_;
  fs::path temporary_;
};

}  // namespace upcycle
