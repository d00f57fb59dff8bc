#include "results/ledger/root_journal.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/ledger/ledger_reader.h"
#include "results/ledger/study_json.h"
#include "tests/results/fixture.h"

namespace upcycle {
namespace {

class RootJournalTest : public testing::Test {
 protected:
  RootJournalTest() : writer(LedgerIn(folder)) {}

  LedgerReader Reader() { return LedgerReader(LedgerIn(folder)); }

  // All that the ledger has from the root's journal.
  nlohmann::json Content(const fs::path& ledger) {
    LedgerReader reader(ledger);
    nlohmann::json content;
    for (const std::string& name : reader.StudyNames()) {
      content["studies"].push_back(JsonOf(reader.ReadStudyRecord(name)));
      for (const LaunchFacts& launch : reader.ReadLaunches(name)) {
        content["launches"].push_back(EventOf(launch.start));
        if (launch.end) content["launches"].push_back(EventOf(*launch.end));
      }
    }
    for (const HoldSet& hold : reader.ReadHolds()) content["holds"].push_back(EventOf(hold));
    return content;
  }

  void Fill(RootJournal& journal) {
    journal.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
    EXPECT_EQ(journal.StartLaunch({.study = "study", .host = "lab", .command_line = "upcycle run"}),
              1);
    journal.EndLaunch({.launch = 1, .outcome = R"({"done":3})", .time = 12.5});
    EXPECT_EQ(journal.StartLaunch({.study = "study", .provenance = R"({"version":"1"})"}), 2);
    journal.SetHold({.scope = {"study", "dense", 1}, .kind = HoldKind::kPaused, .by = "ada@lab"});
    journal.SetHold({.scope = {"study"}, .kind = HoldKind::kCancelled, .by = "ada@lab"});
    journal.SetHold({.scope = {"study", "routed"}, .kind = HoldKind::kPaused});
    journal.LiftHold({.scope = {"study", "routed"}});
  }

  TemporaryFolder folder;
  LedgerWriter writer;
};

TEST_F(RootJournalTest, PutsEverythingIntoTheLedger) {
  RootJournal journal(folder.path(), writer);
  Fill(journal);
  LedgerReader reader = Reader();
  const auto launches = reader.ReadLaunches("study");
  ASSERT_EQ(launches.size(), 2u);
  EXPECT_EQ(launches[0].start.command_line, "upcycle run");
  EXPECT_EQ(launches[0].end->outcome, R"({"done":3})");
  EXPECT_EQ(launches[1].start.provenance, R"({"version":"1"})");
  EXPECT_FALSE(launches[1].end.has_value());
  const auto holds = reader.ReadHolds();
  ASSERT_EQ(holds.size(), 2u);
  EXPECT_EQ(holds[0].kind, HoldKind::kCancelled);
  EXPECT_EQ(holds[1].scope, (HoldScope{"study", "dense", 1}));
  EXPECT_EQ(holds[1].by, "ada@lab");
}

TEST_F(RootJournalTest, MakesTheSameLedgerAgain) {
  {
    RootJournal journal(folder.path(), writer);
    Fill(journal);
  }
  LedgerWriter again(folder / "again.sqlite");
  RootJournal journal(folder.path(), again);
  EXPECT_EQ(Content(folder / "again.sqlite"), Content(LedgerIn(folder)));
  EXPECT_EQ(journal.StartLaunch({.study = "study"}), 3);
}

TEST_F(RootJournalTest, TakesOverWhatALedgerThatFellBehindLacks) {
  RootJournal journal(folder.path(), writer);
  Fill(journal);
  LedgerWriter behind(folder / "behind.sqlite");
  {
    JournalReader reader(RootJournal::PathIn(folder.path()));
    const auto records = reader.ReadNext(1);
    ASSERT_EQ(records.size(), 1u);
    behind.IngestRoot(records, reader.offset());
  }
  RootJournal(folder.path(), behind);
  EXPECT_EQ(Content(folder / "behind.sqlite"), Content(LedgerIn(folder)));
}

TEST_F(RootJournalTest, WritesAStudyDownOnlyWhereItChanged) {
  RootJournal journal(folder.path(), writer);
  StudyRecord study = StudyOf({"dense"}, {0});
  journal.RecordStudy(study);
  const auto size = fs::file_size(RootJournal::PathIn(folder.path()));
  journal.RecordStudy(study);
  EXPECT_EQ(fs::file_size(RootJournal::PathIn(folder.path())), size);
  study.description = "another";
  journal.RecordStudy(study);
  EXPECT_GT(fs::file_size(RootJournal::PathIn(folder.path())), size);
  EXPECT_EQ(Reader().ReadStudy("study").description, "another");
}

TEST_F(RootJournalTest, BeginsWithTheStudiesOfALedgerThatIsOlderThanIt) {
  writer.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
  { RootJournal journal(folder.path(), writer); }
  LedgerWriter again(folder / "again.sqlite");
  RootJournal journal(folder.path(), again);
  EXPECT_EQ(Content(folder / "again.sqlite"), Content(LedgerIn(folder)));
}

TEST_F(RootJournalTest, SetsADamagedFileAsideAndWritesWhatIsKnownAnew) {
  {
    RootJournal journal(folder.path(), writer);
    Fill(journal);
  }
  const fs::path path = RootJournal::PathIn(folder.path());
  std::string bytes = ReadTextFile(path);
  bytes[30] ^= 1;
  Put(path, bytes);
  { RootJournal journal(folder.path(), writer); }
  EXPECT_EQ(ReadTextFile(path.native() + ".damaged-1"), bytes);
  LedgerWriter again(folder / "again.sqlite");
  RootJournal journal(folder.path(), again);
  EXPECT_EQ(Content(folder / "again.sqlite")["studies"], Content(LedgerIn(folder))["studies"]);
}

}  // namespace
}  // namespace upcycle
