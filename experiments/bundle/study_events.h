// What a root's journal says of one study: what a bundle takes along of it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/journal.h"
#include "results/ledger/root_events.h"

namespace upcycle {

struct StudyEvents {
  std::map<int64_t, LaunchStart> launches;  // by number; of every study
  std::map<int64_t, LaunchEnd> ends;        // of those that ended
  std::vector<StudyRecord> history;         // what was recorded of the study, oldest first
  std::vector<HoldSet> holds;               // on the study, as they are now

  // Leaves out launches of other studies, but for those in `also`.
  void KeepLaunchesOf(const std::string& study, const std::set<int64_t>& also);
  // The study `from` under another name.
  void Rename(const std::string& from, const std::string& to);
};

// A journal that is not there says nothing. Throws Error as JournalReader and ParseRootEvent do.
StudyEvents ReadStudyEvents(const fs::path& root_journal, const std::string& study);

// As the journal of a root that has this study alone.
void WriteStudyEvents(const StudyEvents& events, JournalWriter& journal);

// Equal for records that say the same.
Fingerprint FingerprintOf(const StudyRecord& study);

}  // namespace upcycle
