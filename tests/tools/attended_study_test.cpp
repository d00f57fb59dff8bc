// A study that somebody looks after while it runs, through the program itself: stopped, paused,
// cancelled and resumed from elsewhere, its workers stopped and its time limited.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "core/files.h"
#include "tests/says.h"
#include "tests/tools/caught_worker.h"
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
  const CaughtWorker worker(run, root_);
  const Finished stop = Call({"stop", "tiny"});
  EXPECT_EQ(stop.exit_code, 0) << stop.err;
  EXPECT_TRUE(Says(stop.out, "was told to stop"));
  worker.LetGoOn();
  EXPECT_EQ(run.Wait().exit_code, 130);
  EXPECT_TRUE(WorkersUnder(root_).empty());
  EXPECT_EQ(RunProgram(Run()).exit_code, 0);
  ExpectUndisturbed();
}

TEST_F(AttendedStudyTest, WaitsForWhatIsPausedMeanwhileAndGoesOnWithIt) {
  Program run(Run());
  const CaughtWorker parent(run, root_);  // which every run needs
  EXPECT_EQ(Call({"pause", "tiny", "moe/1"}).exit_code, 0);
  EXPECT_EQ(Call({"cancel", "tiny", "dense/2"}).exit_code, 0);
  parent.LetGoOn();
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
  Program run(Run({"--lease", "3"}));
  const CaughtWorker worker(run, root_);
  const Finished finished = run.Wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(Says(finished.err, "to be tried again: gave no sign of life for 3 s"));
  ExpectUndisturbed();
}

// What loses its parent becomes a child of this process while it lives. A group of processes whose
// parents have gone altogether would be told to go on where it was stopped (setpgid(2)).
class Adopting {
 public:
  Adopting() { prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~Adopting() { prctl(PR_SET_CHILD_SUBREAPER, 0); }
  Adopting(const Adopting&) = delete;
  Adopting& operator=(const Adopting&) = delete;
};

// It hears that its scheduler died only once the next scheduler has found it.
TEST_F(AttendedStudyTest, LetsTheNextRunFollowWorkersThatOutliveTheirScheduler) {
  const Adopting adopting;
  Program run(Run());
  const CaughtWorker worker(run, root_);
  run.Signal(SIGKILL);
  run.Wait();
  Program next(Run());
  EXPECT_TRUE(next.Await([&] { return Says(next.ErrorsSoFar(), ": an earlier run began it"); }));
  worker.LetGoOn();
  const Finished finished = next.Wait();
  waitpid(worker.pid(), nullptr, 0);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  ExpectUndisturbed();
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
