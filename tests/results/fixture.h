// What the tests of this floor share: small studies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "core/journal.h"
#include "results/ledger/journal_events.h"
#include "results/ledger/ledger_writer.h"
#include "results/ledger/records.h"
#include "tests/temporary_folder.h"

namespace upcycle {

inline std::filesystem::path LedgerIn(const TemporaryFolder& folder) {
  return folder / "ledger.sqlite";
}

// One fingerprint for each role, arm and seed; tokens and parent are the whole study's.
Fingerprint StageFor(StageRole role, std::string_view arm = "", int64_t seed = 0);

// A study "study" of validation/loss with these arms, each with these seeds; the first arm is the
// baseline.
StudyRecord StudyOf(const std::vector<std::string>& arms, const std::vector<int64_t>& seeds);

JournalRecord Point(std::string metric, int64_t step, double value);
JournalRecord Event(std::string json);
JournalRecord ResultEvent(std::string_view metric, double value);

JournalRecord Event(const AttemptStart& start);
JournalRecord Event(const AttemptEnd& end);
JournalRecord Event(const AttemptJudgement& judgement);

// Takes over `records` as if they were all that the stage's journal holds so far.
void IngestNext(LedgerWriter& ledger, const Fingerprint& stage,
                const std::vector<JournalRecord>& records);

// Completes training and evaluation of a run with these results.
void CompleteRun(LedgerWriter& ledger, std::string_view arm, int64_t seed,
                 const std::vector<JournalRecord>& train,
                 const std::vector<JournalRecord>& evaluation);

}  // namespace upcycle
