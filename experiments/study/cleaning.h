// Room on the disk of a root: what lies there that nobody wants any more, and its removal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"
#include "experiments/run/stage_parts.h"
#include "experiments/study/kept_outputs.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

struct CleaningOptions {
  std::optional<std::string> study;  // its stages alone; empty: of all, and orphans
  KeepRules keep;
};

// One part of a stage, and what is to become of it.
struct StoredPart {
  Fingerprint stage;
  std::string owner = {};  // whose it is: an arm "routing", or "3 arms"; empty: an orphan
  std::string role = {};   // "train"
  StagePart part;
  bool goes = false;
  std::string why = {};  // it stays: "best arm of routing"; or goes: "complete"
};

struct CleaningPlan {
  std::vector<StoredPart> parts;    // of stages that runs of a study have
  std::vector<StoredPart> orphans;  // of those that none has any more
  std::vector<std::string> notes;   // what was passed over, and why
};

// Changes nothing. Throws Error(kInput) for an unknown study.
CleaningPlan PlanCleaning(LedgerReader& ledger, const fs::path& root,
                          const CleaningOptions& options);

struct Cleaned {
  int64_t bytes = 0;
  std::vector<std::string> notes;  // what was passed over, and why
};

// Removes those parts that go; of a stage that a process is at, nothing. The caller holds the
// root's lock.
Cleaned RemoveParts(const std::vector<StoredPart>& parts, const fs::path& root);

}  // namespace upcycle
