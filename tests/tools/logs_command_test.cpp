#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/file_lock.h"
#include "core/files.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

using nlohmann::json;

class LogsCommand : public testing::Test {
 protected:
  LogsCommand() : ledger_(folder_ / "ledger.sqlite") {
    ledger_.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
    ledger_.SetStageState(running_, StageState::kRunning, "");
    ledger_.SetStageState(failed_, StageState::kFailed, "no room");
    Put(LogOf(running_), "one\ntwo\nthree");
    Put(LogOf(failed_), "failed: no room\n");
    Put(LogOf(complete_), "a look back\n");
    ledger_.SetStageState(complete_, StageState::kComplete, "");
  }

  fs::path LogOf(const Fingerprint& stage) const {
    return folder_ / "stages" / stage.Hex() / "log.txt";
  }

  std::vector<std::string> Words(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"logs", "--root", folder_.path().native()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  void Append(const Fingerprint& stage, std::string_view text) const {
    std::ofstream(LogOf(stage), std::ios::app) << text;
  }

  const Fingerprint running_ = StageFor(StageRole::kTrain, "routed", 1);
  const Fingerprint failed_ = StageFor(StageRole::kTrain, "dense", 0);
  const Fingerprint complete_ = StageFor(StageRole::kTrain, "dense", 1);
  TemporaryFolder folder_;
  LedgerWriter ledger_;
};

TEST_F(LogsCommand, ShowsWhatRunsAndWhatFailed) {
  const Finished logs = RunProgram(Words({}));
  EXPECT_EQ(logs.exit_code, 0) << logs.err;
  EXPECT_TRUE(Says(logs.out, "study dense/0/train, "));
  EXPECT_TRUE(Says(logs.out, "failed: no room\nfailed: no room\n"));
  EXPECT_TRUE(Says(logs.out, "running\none\ntwo\nthree\n"));
  EXPECT_FALSE(Says(logs.out, "a look back"));
}

TEST_F(LogsCommand, ShowsWhatWasAskedForAlone) {
  EXPECT_EQ(RunProgram(Words({"study", "dense/1/train"})).out, "a look back\n");
  EXPECT_EQ(RunProgram(Words({"study", "routed/1/train", "-n", "2"})).out, "two\nthree\n");
  EXPECT_EQ(RunProgram(Words({"study", running_.Short(), "-n", "1"})).out, "three\n");
  EXPECT_EQ(RunProgram(Words({"study", "routed/1/train", "-n", "9"})).out, "one\ntwo\nthree\n");
  const Finished none = RunProgram(Words({"study", "routed/0/train"}));
  EXPECT_EQ(none.out, "");
  EXPECT_TRUE(Says(none.err, "no process was started yet: planned"));
}

TEST_F(LogsCommand, RefusesWhatTheStudyDoesNotHave) {
  const Finished logs = RunProgram(Words({"study", "ruoted"}));
  EXPECT_EQ(logs.exit_code, 2);
  EXPECT_TRUE(Says(logs.err, "did you mean \"routed\"?"));
}

TEST_F(LogsCommand, LetsNoControlByteThrough) {
  Put(LogOf(failed_),
      "a\x1b[31mb\rc\xc2\x9b"
      "d\xff\n");
  EXPECT_EQ(RunProgram(Words({"study", "dense/0/train"})).out, "a [31mb c d\uFFFD\n");
  const auto list = json::parse(RunProgram(Words({"study", "dense/0/train", "--json"})).out);
  EXPECT_EQ(list.at(0).at("name"), "dense/0/train");
  EXPECT_EQ(list.at(0).at("lines").at(0),
            "a\x1b[31mb\rc\xc2\x9b"
            "d\uFFFD");
}

TEST_F(LogsCommand, FollowsToTheEndOfTheScheduler) {
  auto scheduler = FileLock::TryAcquire(folder_ / "scheduler.lock");
  Program logs(Words({"study", "routed/1/train", "-f"}));
  EXPECT_TRUE(logs.Await([&] { return logs.OutputSoFar() == "one\ntwo\n"; }));
  Append(running_, " and more\nfour\nfi");
  EXPECT_TRUE(logs.Await([&] { return Says(logs.OutputSoFar(), "four\n"); }));
  Append(running_, "ve");
  scheduler.reset();
  const Finished finished = logs.Wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, "one\ntwo\nthree and more\nfour\nfive\n");
}

TEST_F(LogsCommand, FollowsWhatBeginsMeanwhileWithNames) {
  auto scheduler = FileLock::TryAcquire(folder_ / "scheduler.lock");
  Program logs(Words({"study", "-f", "--json"}));
  EXPECT_TRUE(logs.Await([&] { return Says(logs.OutputSoFar(), "two"); }));
  const Fingerprint next = StageFor(StageRole::kTrain, "routed", 0);
  Put(LogOf(next), "begun\n");
  ledger_.SetStageState(next, StageState::kRunning, "");
  scheduler.reset();
  const Finished finished = logs.Wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(Says(finished.out, R"("line":"begun","name":"routed/0/train")")) << finished.out;
}

TEST_F(LogsCommand, IsDoneWhereSomebodyPressesControlC) {
  const auto scheduler = FileLock::TryAcquire(folder_ / "scheduler.lock");
  Program logs(Words({"-f"}));
  EXPECT_TRUE(logs.Await([&] { return Says(logs.OutputSoFar(), "two\n"); }));
  logs.Signal(SIGINT);
  const Finished finished = logs.Wait();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_TRUE(Says(finished.out, "routed/1/train | three\n"));
}

TEST_F(LogsCommand, SaysThatThereIsNothingToShow) {
  ledger_.SetStageState(running_, StageState::kComplete, "");
  ledger_.SetStageState(failed_, StageState::kComplete, "");
  const Finished logs = RunProgram(Words({}));
  EXPECT_EQ(logs.exit_code, 0);
  EXPECT_TRUE(Says(logs.err, "nothing runs or has failed; name a run"));
}

}  // namespace
}  // namespace upcycle
