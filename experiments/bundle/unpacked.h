// A bundle on its way into a root: unpacked under a temporary name beside the root's own state,
// and checked there as the root that it is.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/archive.h"
#include "core/directory_transaction.h"
#include "core/files.h"
#include "experiments/bundle/manifest.h"
#include "experiments/bundle/study_events.h"
#include "experiments/run/stage.h"

namespace upcycle {

class UnpackedBundle {
 public:
  // Throws Error(kInput) for a bundle that is damaged, was made by a newer program, holds anything
  // but what its manifest says, or of which no ledger can be made; Error(kDisk) where there is no
  // room for it. What a killed process left is removed first, and all of it at the end.
  UnpackedBundle(const fs::path& bundle, const fs::path& root);

  const Manifest& manifest() const { return manifest_; }
  const fs::path& root() const { return folder_.path(); }
  StudyEvents& events() { return events_; }
  // What the study's records say that its stages are.
  const std::map<Fingerprint, StageRecord>& stages() const { return stages_; }
  // Of those that the bundle has a journal of.
  const std::set<Fingerprint>& begun() const { return begun_; }

 private:
  void Unpack(const fs::path& bundle);
  void Unpack(ArchiveReader& archive, const BundleFile& file);
  void RequireRoom() const;
  using StageFiles = std::map<std::string, std::vector<const BundleFile*>>;  // by part
  void CheckStages();
  void CheckStage(const Fingerprint& stage, const StageFiles& files) const;
  void CheckOutput(const fs::path& output, const std::vector<const BundleFile*>& files) const;
  void CheckLedger();

  DirectoryTransaction folder_;
  Manifest manifest_;
  StudyEvents events_;
  std::map<Fingerprint, StageRecord> stages_;
  std::set<Fingerprint> begun_;
};

}  // namespace upcycle
