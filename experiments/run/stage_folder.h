// Where a stage keeps what it has: one folder under the root, named by its fingerprint.
#pragma once

#include <string>

#include "core/files.h"
#include "core/fingerprint.h"
#include "experiments/run/stage.h"

namespace upcycle {

class StageFolder {
 public:
  StageFolder(const fs::path& root, const Fingerprint& identity)
      : path_(root / "stages" / identity.Hex()) {}
  // The folder itself, for a worker that was given its path.
  explicit StageFolder(fs::path path) : path_(std::move(path)) {}

  const fs::path& path() const { return path_; }
  fs::path description() const { return path_ / "stage.json"; }
  fs::path journal() const { return path_ / "journal"; }
  fs::path lock() const { return path_ / "lock"; }
  fs::path heartbeat() const { return path_ / "heartbeat"; }  // of the process that has the lock
  fs::path log() const { return path_ / "log.txt"; }
  fs::path tokens() const { return path_ / "tokens"; }            // output of a tokens stage
  fs::path model() const { return path_ / "model"; }              // output of upcycle and train
  fs::path checkpoints() const { return path_ / "checkpoints"; }  // of a training under way

  // Says that an output is missing on purpose, for as long as it is: it was removed
  // (stage_parts.h), or was not in the bundle that the stage came from ({"by": "import"}).
  fs::path removal_note() const { return path_ / "removed.json"; }
  fs::path output(StageKind kind) const { return kind == StageKind::kTokens ? tokens() : model(); }

  // The folder of another stage under the same root.
  StageFolder Sibling(const Fingerprint& identity) const {
    return StageFolder(path_.parent_path() / identity.Hex());
  }

  // What is wrong with the output that later stages read, as a sentence; empty if nothing is. Reads
  // all of it. What has none (HasOutput) is never damaged.
  std::string FindOutputDamage(StageKind kind) const;

 private:
  fs::path path_;
};

}  // namespace upcycle
