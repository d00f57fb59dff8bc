#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file_lock.h"
#include "results/ledger/ledger_reader.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

// A root whose study nobody is at.
class ControlCommandTest : public testing::Test {
 protected:
  ControlCommandTest() {
    LedgerWriter(LedgerIn(folder_)).RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
  }

  Finished Call(std::vector<std::string> words) {
    words.insert(words.end(), {"--root", folder_.path()});
    return RunProgram(words);
  }
  std::vector<HoldSet> Holds() { return LedgerReader(LedgerIn(folder_)).ReadHolds(); }

  TemporaryFolder folder_;
};

TEST_F(ControlCommandTest, RemembersWhatIsPausedAndCancelledAndTakesItBack) {
  const Finished paused = Call({"pause", "study", "dense/1", "routed"});
  EXPECT_EQ(paused.exit_code, 0) << paused.err;
  EXPECT_EQ(paused.out, "paused study, arm dense, seed 1\npaused study, arm routed\n");
  ASSERT_EQ(Holds().size(), 2u);
  EXPECT_EQ(Holds()[0].scope, (HoldScope{"study", "dense", 1}));
  EXPECT_TRUE(Says(Holds()[0].by, "@"));
  EXPECT_EQ(Call({"cancel", "study", "routed"}).exit_code, 0);
  EXPECT_EQ(Holds()[1].kind, HoldKind::kCancelled);
  EXPECT_TRUE(Says(Call({"status"}).out, "  paused    arm dense, seed 1, by "));
  EXPECT_TRUE(Says(Call({"status"}).out, "  cancelled arm routed, by "));
  EXPECT_EQ(Call({"resume", "study", "routed"}).out,
            "resumed study, arm routed; `upcycle run` with its recipe goes on\n");
  EXPECT_EQ(Holds().size(), 1u);
  EXPECT_EQ(Call({"resume", "study"}).exit_code, 0);
  EXPECT_TRUE(Holds().empty());
}

TEST_F(ControlCommandTest, RefusesToResumePartOfWhatIsHeldAsAWhole) {
  Call({"pause", "study"});
  const Finished finished = Call({"resume", "study", "dense"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_TRUE(Says(finished.err, "study study is paused as a whole"));
  EXPECT_EQ(Holds().size(), 1u);
}

TEST_F(ControlCommandTest, SaysWhatThereIsWhereANameIsWrong) {
  EXPECT_TRUE(Says(Call({"pause", "studdy"}).err, "did you mean \"study\"?"));
  const Finished finished = Call({"cancel", "study", "densse"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_TRUE(Says(finished.err, "did you mean \"dense\"?"));
  EXPECT_EQ(Call({"pause", "study", "dense/1/train"}).exit_code, 2);
  EXPECT_EQ(Call({"pause", "study", "dense/7"}).exit_code, 2);
  EXPECT_TRUE(Holds().empty());
}

TEST_F(ControlCommandTest, AnswersAsJson) {
  const auto json = nlohmann::json::parse(Call({"pause", "study", "dense/1", "--json"}).out);
  EXPECT_EQ(json, nlohmann::json::parse(R"([{"request": "pause", "study": "study", "arm": "dense",
                                             "seed": 1, "scheduler_at_work": false}])"));
}

TEST_F(ControlCommandTest, HasNothingToStopWhereNothingRuns) {
  const Finished finished = Call({"stop"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.out, "nothing runs under " + folder_.path().native() + "\n");
  EXPECT_FALSE(fs::exists(folder_ / "control"));
}

// What it was asked for is done all the same, or there is nothing left to stop.
TEST_F(ControlCommandTest, DoesWhatASchedulerWasAskedForThatEndsFirst) {
  const auto ask_while_it_ends = [&](const char* command) {
    auto lock = FileLock::TryAcquire(folder_ / "scheduler.lock");
    Program program({command, "study", "--root", folder_.path()});
    const fs::path requests = folder_ / "control";
    EXPECT_TRUE(program.Await([&] { return fs::exists(requests) && !NamesIn(requests).empty(); }));
    lock.reset();
    const Finished finished = program.Wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_TRUE(NamesIn(requests).empty());
    return finished.out;
  };
  EXPECT_EQ(ask_while_it_ends("pause"), "paused study\n");
  EXPECT_EQ(Holds().size(), 1u);
  EXPECT_TRUE(Says(ask_while_it_ends("stop"), "nothing runs under "));
}

TEST_F(ControlCommandTest, SaysWhoDoesNotAnswer) {
  const auto lock = FileLock::TryAcquire(folder_ / "scheduler.lock");  // and nothing else
  const Finished finished = Call({"pause", "study"});
  EXPECT_EQ(finished.exit_code, 130);
  EXPECT_TRUE(Says(finished.err, Describe(ThisProcess())));
  EXPECT_TRUE(Says(finished.err, "did not answer"));
}

}  // namespace
}  // namespace upcycle
