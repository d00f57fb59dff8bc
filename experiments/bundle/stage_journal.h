// The journal of one stage as something to compare and to hand on: two machines may have done the
// same stage.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/journal.h"

namespace upcycle {

// Which number a launch has here, by the number that it had where the journal was written.
using LaunchNumbers = std::map<int64_t, int64_t>;

struct StageJournal {
  std::vector<JournalRecord> records;
  uint64_t bytes = 0;  // of whole records in the file

  bool IsComplete() const;             // whether the last attempt was
  std::set<int64_t> Launches() const;  // that attempts belong to
  // Whether it says all that `other` says, and perhaps more behind it.
  bool GoesOnFrom(const StageJournal& other) const;
};

// An event that no journal of ours has is refused. Throws Error(kInput) for it, and as
// JournalReader does.
StageJournal ReadStageJournal(const fs::path& path);

// With the numbers that launches have here; a launch that is not among them is left out.
void Renumber(const LaunchNumbers& numbers, StageJournal& journal);
void WriteStageJournal(const StageJournal& journal, const fs::path& path);

// The first result, answer or recorded value that both have and that differs, as a clause; empty
// where there is none. What depends on clock or machine is left out.
std::string FindDisagreement(const StageJournal& here, const StageJournal& there);

}  // namespace upcycle
