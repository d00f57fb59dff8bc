// Studies as jobs of a real Slurm: what is promised of them, and that their values are those of
// this machine.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/file_lock.h"
#include "core/files.h"
#include "experiments/scheduling/slurm_job.h"
#include "results/ledger/ledger_reader.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/caught_worker.h"
#include "tests/tools/program.h"
#include "tests/tools/slurm_cluster.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr size_t kStages = 18;

class SlurmTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = SlurmCluster::Missing();
    if (!missing.empty()) {
      GTEST_SKIP() << missing << " is not here; `tools/setup --tests` installs it";
    }
    cluster_ = std::make_unique<SlurmCluster>();
    Put(recipe_, kTinyRecipe);
    PutSite("slurm: {threads: 1, poll_seconds: 0.3}\n");
  }

  void PutSite(std::string_view text) { Put(root_ / "site.yaml", text); }

  std::vector<std::string> Command(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"run",          recipe_.native(), "--root",
                                      root_.native(), "--executor",     "slurm"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  void RunToTheEnd(const std::vector<std::string>& more = {}) const {
    const Finished run = RunProgram(Command(more));
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  // Runs the study on this machine, and holds every value of the cluster's to its.
  void ExpectTheValuesOfThisMachine(const std::vector<std::string>& more = {}) const {
    const fs::path here = folder_ / "here";
    std::vector<std::string> words = {"run", recipe_.native(), "--root", here.native()};
    words.insert(words.end(), more.begin(), more.end());
    const Finished run = RunProgram(words);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(DifferencesBetween(ContentOf(here, "tiny"), ContentOf(root_, "tiny")), "");
    const auto exported = [](const fs::path& root) {
      return RunProgram({"export", "tiny", "--root", root.native(), "--format", "json"}).out;
    };
    EXPECT_FALSE(exported(here).empty());
    EXPECT_EQ(exported(here), exported(root_));
  }

  // Null where there is no ledger yet.
  json Status() const {
    const Finished status = RunProgram({"status", "tiny", "--json", "--root", root_.native()});
    return status.exit_code == 0 ? json::parse(status.out).at(0) : json();
  }

  // A job that trains, its worker and its stage.
  struct Training {
    std::string job;  // its number
    pid_t worker = 0;
    std::string stage = {};
  };

  // One that has recorded steps and goes on.
  std::optional<Training> FindTraining() const {
    if (!fs::exists(root_ / "ledger.sqlite")) return std::nullopt;
    LedgerReader ledger(root_ / "ledger.sqlite");
    if (ledger.StudyNames().empty()) return std::nullopt;
    for (const StageFacts& stage : ledger.ReadStudy("tiny").stages) {
      const bool trains = stage.kind == "train" && stage.state == StageState::kRunning;
      if (!trains || stage.step == 0 || stage.steps < kLongSteps) continue;
      const fs::path folder = root_ / "stages" / stage.fingerprint.Hex();
      const auto worker = FileLock::HolderOf(folder / "lock");
      const auto task = ReadTask(folder);
      if (!worker || worker->pid == 0 || !task) continue;
      const std::string job = "RUNNING " + task->name + " " + std::to_string(task->index) + " ";
      for (const std::string& line : cluster_->Queue("%T %j %K %F_%K")) {
        if (line.starts_with(job)) {
          return Training{line.substr(job.size()), static_cast<pid_t>(worker->pid),
                          stage.fingerprint.Hex()};
        }
      }
    }
    return std::nullopt;
  }

  // Waits for such a job, and stops its worker, so that it cannot end by itself meanwhile.
  Training CatchTraining(Program& run) const {
    Training training;
    const bool is_caught = run.Await([&] {
      const auto found = FindTraining();
      if (found) training = *found;
      return found && StopAmidItsSteps(found->worker, StageOf(found->worker, root_));
    });
    EXPECT_TRUE(is_caught) << "nothing trains: " << run.Wait().err;
    return training;
  }

  static void LetGoOn(const Training& training) { kill(training.worker, SIGCONT); }

  // How often the stages were begun, altogether.
  size_t CountAttempts() const {
    LedgerReader ledger(root_ / "ledger.sqlite");
    size_t attempts = 0;
    for (const StageFacts& stage : ledger.ReadStudy("tiny").stages) {
      attempts += ledger.ReadAttempts(stage.id).size();
    }
    return attempts;
  }

  // Long enough to be interrupted.
  const std::vector<std::string> longer_ = {"--set", "train.tokens=1M", "--set", "seeds=1"};
  static constexpr int64_t kLongSteps = 1000;  // the parent has fewer

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "tiny.yaml";
  fs::path root_ = folder_ / "cluster";
  std::unique_ptr<SlurmCluster> cluster_;
};

TEST_F(SlurmTest, GivesTheValuesOfThisMachineAndSubmitsArrays) {
  RunToTheEnd();
  const std::vector<std::string> jobs = cluster_->Submitted();
  EXPECT_EQ(jobs.size(), kStages);
  std::map<std::string, int> arrays;
  for (const std::string& job : jobs) ++arrays[job.substr(0, job.find('_'))];
  int largest = 0;
  for (const auto& [array, count] : arrays) largest = std::max(largest, count);
  EXPECT_EQ(largest, 7) << "what the parent makes ready: its evaluation, 3 trainings, 3 starts";
  EXPECT_TRUE(NamesIn(root_ / "slurm").empty()) << "nothing is left of jobs that have ended";
  ExpectTheValuesOfThisMachine();
}

TEST_F(SlurmTest, GoesOnFromCheckpointsWhereJobsArePutBackOrKilled) {
  Program run(Command(longer_));
  cluster_->Ask({"scontrol", "requeue", CatchTraining(run).job});
  cluster_->Ask({"scancel", "--signal=KILL", CatchTraining(run).job});
  kill(CatchTraining(run).worker, SIGKILL);
  const Finished end = run.Wait();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_TRUE(Says(end.err, "(CANCELLED)"));
  EXPECT_TRUE(Says(end.err, "killed from outside by SIGKILL"));
  ExpectTheValuesOfThisMachine(longer_);
}

TEST_F(SlurmTest, GoesOnAfterAPreemption) {
  Program run(Command(longer_));
  const Training training = CatchTraining(run);
  cluster_->Ask({"sbatch", "--partition=urgent", "--cpus-per-task=2", "--mem=100",
                 "--wrap=sleep 3600", "--output=/dev/null"});
  const auto waits_for_its_turn = [&] {
    const json status = Status();
    if (status.is_null()) return false;
    for (const json& stage : status.at("waiting")) {
      if (stage.at("stage") != training.stage) continue;
      return stage.at("reason").get<std::string>().starts_with("in Slurm's queue as ");
    }
    return false;
  };
  const bool waited = run.Await(waits_for_its_turn);
  cluster_->Ask({"scancel", "--partition=urgent"});
  const Finished end = run.Wait();
  EXPECT_TRUE(waited) << end.err;
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_FALSE(Says(end.err, "to be tried again")) << "a job that was put back has not ended";
  ExpectTheValuesOfThisMachine(longer_);
}

TEST_F(SlurmTest, FindsItsJobsAgainWhenTheSchedulerIsKilled) {
  Training training;
  {
    Program run(Command(longer_));
    training = CatchTraining(run);
    run.Signal(SIGKILL);
    run.Wait();
  }
  EXPECT_FALSE(cluster_->Queue("%F_%K").empty()) << "jobs outlive the scheduler";
  Program again(Command(longer_));
  EXPECT_TRUE(again.Await([&] { return Says(again.ErrorsSoFar(), "followed  train"); }));
  LetGoOn(training);
  const Finished end = again.Wait();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  LedgerReader ledger(root_ / "ledger.sqlite");
  const size_t stages = ledger.ReadStudy("tiny").stages.size();
  EXPECT_EQ(cluster_->Submitted().size(), stages) << "nothing was submitted twice";
  EXPECT_EQ(CountAttempts(), stages);
  ExpectTheValuesOfThisMachine(longer_);
}

TEST_F(SlurmTest, LeavesNoJobBehindOnCtrlC) {
  std::vector<std::string> few_checkpoints = longer_;
  few_checkpoints.insert(few_checkpoints.end(), {"--set", "train.checkpoint_seconds=1000"});
  {
    Program run(Command(few_checkpoints));
    const Training training = CatchTraining(run);
    run.Signal(SIGINT);
    EXPECT_TRUE(run.Await([&] { return IsPending(training.worker, SIGTERM); }));
    LetGoOn(training);
    const Finished stopped = run.Wait();
    EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
    EXPECT_FALSE(Says(stopped.err, "failed"));
  }
  EXPECT_TRUE(cluster_->Queue("%F_%K").empty());
  bool any_checkpoint = false;
  for (const auto& stage : fs::directory_iterator(root_ / "stages")) {
    const fs::path folder = stage.path() / "checkpoints";
    any_checkpoint |= fs::exists(folder) && !fs::is_empty(folder);
  }
  EXPECT_TRUE(any_checkpoint);
  RunToTheEnd(longer_);
  ExpectTheValuesOfThisMachine(longer_);
}

TEST_F(SlurmTest, EndsJobsAtOnceOnASecondCtrlC) {
  Program run(Command(longer_));
  const Training training = CatchTraining(run);
  run.Signal(SIGINT);
  EXPECT_TRUE(run.Await([&] { return IsPending(training.worker, SIGTERM); }))
      << "a worker that was stopped writes no checkpoint";
  run.Signal(SIGINT);
  EXPECT_EQ(run.Wait().exit_code, 130);
  EXPECT_TRUE(cluster_->Queue("%F_%K").empty());
}

TEST_F(SlurmTest, SaysWhyAJobWaitsAndNeitherTakesItForDeadNorSubmitsItTwice) {
  const std::vector<std::string> command = Command({"--lease", "10", "--set", "seeds=1"});
  cluster_->Ask({"scontrol", "update", "NodeName=node", "State=DRAIN", "Reason=a test"});
  const auto says_why = [&] {
    const json status = Status();
    if (status.is_null()) return false;
    for (const json& stage : status.at("waiting")) {
      const std::string reason = stage.at("reason");
      if (reason.starts_with("in Slurm's queue as 1_0: ")) return !reason.ends_with("submitted");
    }
    return false;
  };
  {
    Program killed(command);
    EXPECT_TRUE(killed.Await(says_why));
    killed.Signal(SIGKILL);
    killed.Wait();
  }
  Program run(command);
  EXPECT_TRUE(run.Await([&] { return Says(run.ErrorsSoFar(), "waiting"); }));
  std::this_thread::sleep_for(std::chrono::seconds(12));  // for longer than the lease
  EXPECT_TRUE(run.Await(says_why));
  cluster_->Ask({"scontrol", "update", "NodeName=node", "State=RESUME"});
  const Finished end = run.Wait();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_FALSE(Says(end.err, "no sign of life"));
  LedgerReader ledger(root_ / "ledger.sqlite");
  EXPECT_EQ(cluster_->Submitted().size(), ledger.ReadStudy("tiny").stages.size());
}

TEST_F(SlurmTest, SaysWhatSlurmRefuses) {
  PutSite("executor: slurm\nslurm: {partition: nowhere}\n");
  const Finished run = RunProgram({"run", recipe_.native(), "--root", root_.native()});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_TRUE(Says(run.err, "Slurm refuses the job"));
  EXPECT_TRUE(Says(run.err, "nowhere"));
  EXPECT_TRUE(cluster_->Submitted().empty());
}

TEST(SlurmChoice, IsOneForAllArms) {
  const TemporaryFolder folder;
  const fs::path recipe = Put(folder / "tiny.yaml", kTinyRecipe);
  const Finished run =
      RunProgram({"run", recipe.native(), "--root", (folder / "a").native(), "--set",
                  "arms=[{name: a, upcycle: none, execution.executor: slurm}, "
                  "{name: b, upcycle: copy}]"});
  EXPECT_EQ(run.exit_code, 2) << run.err;
  EXPECT_TRUE(Says(run.err, "a study is run by one"));
}

TEST(SlurmChoice, NeedsSlurmAndSaysSo) {
  const TemporaryFolder folder;
  const fs::path recipe = Put(folder / "tiny.yaml", kTinyRecipe);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path().c_str(), 1);
  const Finished run = RunProgram(
      {"run", recipe.native(), "--root", (folder / "a").native(), "--executor", "slurm"});
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(run.exit_code, 2) << run.err;
  EXPECT_TRUE(Says(run.err, "--executor slurm needs Slurm's sbatch"));
  EXPECT_TRUE(Says(run.err, "use --executor local"));
}

}  // namespace
}  // namespace upcycle
