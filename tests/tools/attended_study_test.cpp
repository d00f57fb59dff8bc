// A study that somebody looks after while it runs, through the program itself: stopped, paused,
// cancelled and resumed from elsewhere, its workers stopped and its time limited.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/file_lock.h"
#include "core/files.h"
#include "tests/says.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

class AttendedStudyTest : public testing::Test {
 protected:
  AttendedStudyTest() { Put(recipe_, kTinyRecipe); }

  std::vector<std::string> Run(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"run", recipe_, "--root", root_, "-j", "2"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Finished Call(std::vector<std::string> words) const {
    words.insert(words.end(), {"--root", root_});
    return RunProgram(words);
  }

  void AwaitAWorker(Program& run) const {
    EXPECT_TRUE(run.Await([&] { return !WorkersUnder(root_).empty(); })) << "no worker began";
  }

  // The worker of a training that has taken steps and not ended.
  pid_t AWorkerAmidItsSteps(Program& run) const {
    pid_t worker = 0;
    EXPECT_TRUE(run.Await([&] {
      worker = FindWorkerAmidItsSteps();
      return worker > 0;
    })) << "no worker is at a training";
    return worker;
  }
  pid_t FindWorkerAmidItsSteps() const {
    std::error_code absent;
    for (const auto& stage : fs::directory_iterator(root_ / "stages", absent)) {
      const auto holder = FileLock::HolderOf(stage.path() / "lock");
      const fs::path journal = stage.path() / "journal";
      if (!holder || holder->pid <= 0 || !fs::exists(journal)) continue;
      const std::string said = ReadTextFile(journal);
      if (Says(said, "train/loss") && !Says(said, "attempt_ended")) {
        return static_cast<pid_t>(holder->pid);
      }
    }
    return 0;
  }

  // Bit by bit what a study has that nobody touched.
  void ExpectUndisturbed(const std::vector<std::string>& more = {}) const {
    const fs::path other = folder_ / "undisturbed";
    std::vector<std::string> words = {"run", recipe_, "--root", other, "-j", "2"};
    words.insert(words.end(), more.begin(), more.end());
    ASSERT_EQ(RunProgram(words).exit_code, 0);
    EXPECT_EQ(DifferencesBetween(ContentOf(root_, "tiny"), ContentOf(other, "tiny")), "");
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "tiny.yaml";
  fs::path root_ = folder_ / "root";
};

TEST_F(AttendedStudyTest, IsStoppedFromElsewhereAndGoesOn) {
  Program run(Run());
  AwaitAWorker(run);
  const Finished stop = Call({"stop", "tiny"});
  EXPECT_EQ(stop.exit_code, 0) << stop.err;
  EXPECT_TRUE(Says(stop.out, "was told to stop"));
  EXPECT_EQ(run.Wait().exit_code, 130);
  EXPECT_TRUE(WorkersUnder(root_).empty());
  EXPECT_EQ(RunProgram(Run()).exit_code, 0);
  ExpectUndisturbed();
}

TEST_F(AttendedStudyTest, WaitsForWhatIsPausedMeanwhileAndGoesOnWithIt) {
  Program run(Run());
  AwaitAWorker(run);
  EXPECT_EQ(Call({"pause", "tiny", "moe/1"}).exit_code, 0);
  EXPECT_EQ(Call({"cancel", "tiny", "dense/2"}).exit_code, 0);
  EXPECT_TRUE(run.Await([&] { return Says(Call({"status"}).out, "4 of 6 runs complete"); }));
  EXPECT_TRUE(Says(Call({"status"}).out, "paused by "));
  EXPECT_EQ(Call({"resume", "tiny", "moe/1"}).out, "resumed tiny, arm moe, seed 1\n");
  const Finished finished = run.Wait();
  EXPECT_EQ(finished.exit_code, 1) << "one run is cancelled";
  EXPECT_TRUE(Says(finished.err, "2 not started (2 paused or cancelled)"));
  EXPECT_TRUE(Says(Call({"status"}).out, "5 of 6 runs complete"));
  EXPECT_EQ(Call({"resume", "tiny"}).exit_code, 0);
  EXPECT_EQ(RunProgram(Run()).exit_code, 0);
  ExpectUndisturbed();
}

TEST_F(AttendedStudyTest, EndsAWorkerThatIsStoppedAndGoesOnFromItsCheckpoint) {
  const std::vector<std::string> longer = {"--set", "parent.train.tokens=600k"};
  std::vector<std::string> words = Run({"--lease", "3"});
  words.insert(words.end(), longer.begin(), longer.end());
  Program run(words);
  const pid_t worker = AWorkerAmidItsSteps(run);
  ASSERT_NE(worker, 0);
  ASSERT_EQ(kill(worker, SIGSTOP), 0);
  const Finished finished = run.Wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(Says(finished.err, "to be tried again: gave no sign of life for 3 s"));
  ExpectUndisturbed(longer);
}

// Its steps are long, and it hears that its scheduler died only after one: until then the next
// scheduler has found it.
TEST_F(AttendedStudyTest, LetsTheNextRunFollowWorkersThatOutliveTheirScheduler) {
  std::vector<std::string> long_steps;
  for (const char* setting :
       {"tokens=3145728", "batch_sequences=32768", "micro_batch_sequences=128", "log_every=1",
        "learning_rate.warmup_steps=1"}) {
    long_steps.insert(long_steps.end(), {"--set", std::string("parent.train.") + setting});
  }
  {
    Program run(Run(long_steps));
    AWorkerAmidItsSteps(run);
    run.Signal(SIGKILL);
    run.Wait();
  }
  const Finished next = RunProgram(Run(long_steps));
  EXPECT_EQ(next.exit_code, 0) << next.err;
  EXPECT_TRUE(Says(next.err, ": an earlier run began it"));
  ExpectUndisturbed(long_steps);
}

TEST_F(AttendedStudyTest, FailsAStageThatTakesTooLong) {
  const Finished finished = RunProgram(
      Run({"--set", "parent.train.tokens=20M", "--set", "execution.time_limit_hours=0.0003"}));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_TRUE(Says(finished.err, "took longer than execution.time_limit_hours=0.0003"));
  const auto status = nlohmann::json::parse(Call({"status", "--json"}).out);
  const auto& attempt = status.at(0).at("ended_early").at(0).at("attempts").at(0);
  EXPECT_EQ(attempt.at("cause"), "timeout");
  EXPECT_EQ(attempt.at("outcome"), "failed");
}

TEST_F(AttendedStudyTest, MakesItsLedgerAgainFromJournals) {
  ASSERT_EQ(RunProgram(Run()).exit_code, 0);
  const LedgerContent before = ContentOf(root_, "tiny");
  const std::string exported = Call({"export", "tiny", "--format", "json"}).out;
  fs::remove(root_ / "ledger.sqlite");
  const Finished rebuilt = Call({"rebuild"});
  EXPECT_EQ(rebuilt.exit_code, 0) << rebuilt.err;
  EXPECT_EQ(DifferencesBetween(ContentOf(root_, "tiny"), before), "");
  EXPECT_EQ(Call({"export", "tiny", "--format", "json"}).out, exported);
  EXPECT_TRUE(Says(RunProgram(Run()).err, "nothing to do"));
}

// Which arms end depends on their values alone, and those that are kept end as they would have.
TEST_F(AttendedStudyTest, EndsArmsThatFallBehindAndMarksThem) {
  const std::vector<std::string> search = {
      "--set",
      "arms=[{name: good, upcycle: none}, {name: fair, upcycle: none, train: "
      "{learning_rate: {peak: 2e-3}}}, {name: bad, upcycle: none, train: "
      "{learning_rate: {peak: 1e-6}}}, {name: worse, upcycle: none, train: "
      "{learning_rate: {peak: 1e-7}}}]",
      "--set",
      "train.validate_every=5",
      "--set",
      "train.learning_rate.minimum=0",
      "--set",
      "baseline=good",
      "--set",
      "early_stopping=halving"};
  const Finished finished = RunProgram(Run(search));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(Says(finished.err, "6 pruned"));
  const std::string table = Call({"compare", "tiny"}).out;
  EXPECT_TRUE(Says(table, "bad: seeds 0, 1, 2 ended by early stopping"));
  EXPECT_TRUE(Says(table, "Early stopping. bad, worse were ended early"));
  EXPECT_TRUE(Says(Call({"status"}).out, "6 of 12 runs complete, 6 pruned"));
  EXPECT_TRUE(Says(RunProgram(Run(search)).err, "nothing to do"));

  const fs::path other = folder_ / "one at a time";
  std::vector<std::string> words = {"run", recipe_, "--root", other, "-j", "1"};
  words.insert(words.end(), search.begin(), search.end());
  ASSERT_EQ(RunProgram(words).exit_code, 0);
  EXPECT_EQ(DifferencesBetween(ContentOf(root_, "tiny"), ContentOf(other, "tiny")), "");

  std::vector<std::string> whole = Run(search);
  whole.back() = "early_stopping=none";
  EXPECT_EQ(RunProgram(whole).exit_code, 0);
  EXPECT_TRUE(Says(Call({"status"}).out, "12 of 12 runs complete"));
}

}  // namespace
}  // namespace upcycle
