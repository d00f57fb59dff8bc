// What the tests of this floor share: a folder of their own, and small studies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "core/journal.h"
#include "results/ledger_writer.h"
#include "results/records.h"

namespace upcycle {

// A new folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path Ledger() const { return path_ / "ledger.sqlite"; }

 private:
  std::filesystem::path path_;
};

// While it lives, the process may not do what only root may.
class Unprivileged {
 public:
  Unprivileged();
  ~Unprivileged();

 private:
  bool was_root_;
};

// While it lives, no file of the process can grow beyond this, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(uint64_t bytes);
  ~FileSizeLimit();

 private:
  uint64_t before_;
};

// One fingerprint for each role, arm and seed; tokens and parent are the whole study's.
Fingerprint StageFor(StageRole role, std::string_view arm = "", int64_t seed = 0);

// A study "study" of validation/loss with these arms, each with these seeds; the first arm is the
// baseline.
StudyRecord StudyOf(const std::vector<std::string>& arms, const std::vector<int64_t>& seeds);

JournalRecord Point(std::string metric, int64_t step, double value);
JournalRecord Event(std::string json);
JournalRecord ResultEvent(std::string_view metric, double value);

// Takes over `records` as if they were all that the stage's journal holds so far.
void IngestNext(LedgerWriter& ledger, const Fingerprint& stage,
                const std::vector<JournalRecord>& records);

// Completes training and evaluation of a run with these results.
void CompleteRun(LedgerWriter& ledger, std::string_view arm, int64_t seed,
                 const std::vector<JournalRecord>& train,
                 const std::vector<JournalRecord>& evaluation);

// The whole file.
std::string BytesOf(const std::filesystem::path& path);

}  // namespace upcycle
