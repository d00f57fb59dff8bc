// Bundles that nobody exported: each is refused, and the root stays what it is.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/archive.h"
#include "core/journal.h"
#include "experiments/bundle/export_study.h"
#include "experiments/bundle/import_study.h"
#include "results/ledger/root_events.h"
#include "tests/caught_error.h"
#include "tests/experiments/bundle/bundle_fixture.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/fuzz.h"

namespace upcycle {
namespace {

const std::string kTrain = "stages/" + StageFor(StageRole::kTrain, "dense").Hex() + "/";

class HostileBundle : public testing::Test {
 protected:
  HostileBundle() {
    MakeRoot(folder_ / "source");
    ExportStudy(folder_ / "source", {"study", BundledModels::kLast, true}, bundle_);
    files_ = ReadBundle(bundle_, &manifest_);
    good_ = ReadTextFile(bundle_);
    Put(here_ / "stages" / "mine", "what is mine");
  }

  std::string Refusal() const {
    const std::string message = MessageOf([&] { ImportStudy(here_, bundle_, {}); });
    EXPECT_EQ(ContentOf(here_), (BundleFiles{{"stages/mine", "what is mine"}}));
    return message;
  }
  // Of the files with right checksums, but for what was done to them.
  std::string RefusalOfFiles() const {
    WriteBundle(bundle_, "study", files_);
    return Refusal();
  }
  // Of the manifest as it is, and of these entries behind it.
  std::string RefusalOfEntries(const std::vector<std::pair<std::string, std::string>>& entries) {
    ArchiveWriter archive(bundle_);
    archive.Add(kManifestName, ToJson(manifest_));
    for (const auto& [name, content] : entries) archive.Add(name, content);
    archive.Commit();
    return Refusal();
  }
  std::vector<std::pair<std::string, std::string>> Entries() const {
    return {files_.begin(), files_.end()};
  }

  // The journal of a root or a stage with more events behind its own.
  std::string WithEvents(const std::string& journal, const std::vector<std::string>& events) const {
    const fs::path path = Put(folder_ / "journal", journal);
    JournalWriter writer(path);
    for (const std::string& event : events) writer.Event(nlohmann::json::parse(event));
    writer.Flush();
    return ReadTextFile(path);
  }

  TemporaryFolder folder_;
  fs::path bundle_ = folder_ / "study.bundle", here_ = folder_ / "here";
  Manifest manifest_;
  BundleFiles files_;
  std::string good_;
};

TEST_F(HostileBundle, ThatIsNoArchive) {
  for (const std::string& bytes : {std::string(), std::string("garbage"), std::string(4096, '\0'),
                                   std::string("UPJRNL01"), std::string(70000, 'x')}) {
    Put(bundle_, bytes);
    EXPECT_TRUE(Says(Refusal(), bundle_.native()));
  }
}

TEST_F(HostileBundle, ThatEndsTooEarly) {
  for (size_t parts = 0; parts < 20; ++parts) {
    Put(bundle_, good_.substr(0, good_.size() * parts / 20));
    EXPECT_TRUE(Says(Refusal(), "nothing was changed"));
  }
}

TEST_F(HostileBundle, WithAByteThatFlipped) {
  manifest_.files[3].checksum = Fingerprint(1, 2);
  EXPECT_TRUE(Says(RefusalOfEntries(Entries()), "its checksum differs"));
}

TEST_F(HostileBundle, WithEntriesThatLeadElsewhere) {
  for (const char* name : {"/etc/passwd", "../outside", "stages/../../outside", "ledger.sqlite"}) {
    files_ = ReadBundle(Put(bundle_, good_), nullptr);
    files_[name] = "x";
    EXPECT_TRUE(Says(RefusalOfFiles(), "which is no part of a study"));
    EXPECT_FALSE(fs::exists(folder_ / "outside"));
    auto entries = Entries();
    EXPECT_TRUE(Says(RefusalOfEntries(entries), name));  // the manifest says nothing of it
  }
}

TEST_F(HostileBundle, WithEntriesTwiceOrMissing) {
  auto entries = Entries();
  entries.insert(entries.begin() + 2, entries[1]);
  EXPECT_TRUE(Says(RefusalOfEntries(entries), "where its manifest says"));
  entries = Entries();
  entries.push_back(entries.back());
  EXPECT_TRUE(Says(RefusalOfEntries(entries), "of which its manifest says nothing"));
  entries = Entries();
  entries.pop_back();
  EXPECT_TRUE(Says(RefusalOfEntries(entries), "is missing"));
}

TEST_F(HostileBundle, WithSizesThatAreNotTrue) {
  manifest_.files[1].bytes += 1;
  EXPECT_TRUE(Says(RefusalOfEntries(Entries()), "where its manifest says"));
}

// Nothing of it is unpacked.
TEST_F(HostileBundle, ThatClaimsMoreThanTheDiskHolds) {
  manifest_.files[1].bytes = uint64_t{1} << 49;
  ArchiveWriter archive(bundle_);
  archive.Add(kManifestName, ToJson(manifest_));
  archive.Commit();
  const std::string message = MessageOf([&] { ImportStudy(here_, bundle_, {}); }, Cause::kDisk);
  EXPECT_TRUE(Says(message, "free some space"));
}

TEST_F(HostileBundle, WithoutAManifest) {
  ArchiveWriter archive(bundle_);
  for (const auto& [name, content] : files_) archive.Add(name, content);
  archive.Commit();
  EXPECT_TRUE(Says(Refusal(), "it is no bundle of a study"));
}

TEST_F(HostileBundle, OfWhichPartsContradictEachOther) {
  const auto refusal_with = [&](const std::string& name, const std::string& content) {
    files_ = ReadBundle(Put(bundle_, good_), nullptr);
    files_[name] = content;
    return RefusalOfFiles();
  };
  const std::string other = "stages/" + Fingerprint(1, 2).Hex() + "/";
  EXPECT_TRUE(Says(refusal_with(other + "journal", ""), "is no run's of the study"));
  EXPECT_TRUE(Says(refusal_with(kTrain + "stage.json",
                                R"({"kind": "tokens", "settings": {}, "inputs": [],
                                    "execution": {}})"),
                   "is not what the study records of it"));
  EXPECT_TRUE(Says(refusal_with(kTrain + "stage.json", "{}"), "cannot be understood"));
  EXPECT_TRUE(Says(refusal_with(kTrain + "stage.json", std::string(100000, '[')), "damaged"));
  EXPECT_TRUE(Says(refusal_with(kTrain + "journal", ""), "without having made it"));
  EXPECT_TRUE(Says(refusal_with(kTrain + "journal", "no journal"), "is not an upcycle journal"));
  EXPECT_TRUE(Says(refusal_with(kTrain + "model/extra", "a file"), "checksums.json"));
  EXPECT_TRUE(Says(refusal_with(kTrain + "model/checksums.json", R"({"files": {"/dev/zero": ""}})"),
                   "are not those of its checksums.json"));
  EXPECT_TRUE(Says(refusal_with(kTrain + "tokens/checksums.json", R"({"files": {}})"),
                   "without having made it"));
  EXPECT_TRUE(Says(refusal_with("journal", ""), "records no study"));
}

TEST_F(HostileBundle, WithEventsThatNoProgramWrote) {
  const std::string deep =
      R"({"event": "x", "deep": )" + std::string(2000, '[') + std::string(2000, ']') + "}";
  const std::vector<std::string> of_root = {R"({"event": "launch_started"})",
                                            R"({"event": "hold_set", "study": "s", "kind": "no"})",
                                            R"({"event": "study_recorded", "study": {}})",
                                            "{}",
                                            "[]",
                                            deep};
  for (const std::string& event : of_root) {
    files_ = ReadBundle(Put(bundle_, good_), nullptr);
    files_["journal"] = WithEvents(files_["journal"], {event});
    EXPECT_TRUE(Says(RefusalOfFiles(), "is not taken over")) << event.substr(0, 60);
  }
  const std::vector<std::string> of_stage = {R"({"event": "result", "metric": 7})",
                                             R"({"event": "attempt_ended", "outcome": "planned"})",
                                             R"({"event": "progress"})", "{}", deep};
  for (const std::string& event : of_stage) {
    files_ = ReadBundle(Put(bundle_, good_), nullptr);
    files_[kTrain + "journal"] = WithEvents(files_[kTrain + "journal"], {event});
    EXPECT_TRUE(Says(RefusalOfFiles(), "is not taken over")) << event.substr(0, 60);
  }
}

TEST_F(HostileBundle, ThatRecordsAnotherStudy) {
  StudyRecord other = RecordOfRoot();
  other.name = "another";
  files_["journal"] = WithEvents(files_["journal"], {EventOf(StudyRecorded{other}).dump()});
  EXPECT_TRUE(Says(RefusalOfFiles(), "records other studies"));
}

// Behind it lies a frame of zstd that readers skip (RFC 8878, 3.1.2): changes there are none.
TEST_F(HostileBundle, IsTakenOverOrRefusedWhateverItsBytes) {
  std::string skipped = "\x50\x2A\x4D\x18";
  const auto size = static_cast<uint32_t>(good_.size() / 2);
  skipped.append(reinterpret_cast<const char*>(&size), sizeof size).append(size, 'x');
  ExpectReadOrRefused("bundle", good_ + skipped, 300, {}, [&](const std::string& bytes) {
    const TemporaryFolder root;
    Put(bundle_, bytes);
    ImportStudy(root.path(), bundle_, {});
  });
}

// Behind right checksums: what a file says is changed.
TEST_F(HostileBundle, IsTakenOverOrRefusedWhateverItsFilesSay) {
  constexpr std::array<std::string_view, 5> kWords = {"attempt_ended", "complete", "failed", "null",
                                                      "\"event\""};
  for (const char* name : {"journal", "stage.json"}) {
    const std::string file = kTrain + name;
    ExpectReadOrRefused(name, files_.at(file) + std::string(400, ' '), 40, kWords,
                        [&](const std::string& content) {
                          BundleFiles files = files_;
                          files[file] = content;
                          WriteBundle(bundle_, "study", files);
                          const TemporaryFolder root;
                          ImportStudy(root.path(), bundle_, {});
                        });
  }
}

}  // namespace
}  // namespace upcycle
