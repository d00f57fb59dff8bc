#include "experiments/scheduling/slurm_job.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/program_run.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

TEST(SlurmRequest, AsksForThePredictedMemoryWithAMarginInSteps) {
  SlurmSettings settings;
  settings.memory_margin = 1.5;
  EXPECT_EQ(RequestOf({.memory_bytes = 4 * kGiB}, settings).memory_mib, 7 * 1024);
  EXPECT_EQ(RequestOf({.memory_bytes = 4 * kGiB - 1000}, settings).memory_mib, 7 * 1024);
  EXPECT_EQ(RequestOf({.memory_bytes = 4 * kGiB, .wanted_memory = true}, settings).memory_mib,
            14 * 1024);
  settings.memory_margin = 0;
  EXPECT_EQ(RequestOf({.memory_bytes = 4 * kGiB}, settings).memory_mib, 0);
}

TEST(SlurmRequest, LeavesItToSlurmWhichGpuItIs) {
  SlurmSettings settings;
  EXPECT_TRUE(RequestOf({.device = "cuda:3"}, settings).gpu);
  EXPECT_EQ(RequestOf({.device = "cuda:3"}, settings).device, "cuda");
  EXPECT_FALSE(RequestOf({.device = "auto"}, settings).gpu);
  settings.gpus = true;
  EXPECT_TRUE(RequestOf({.device = "auto"}, settings).gpu);
  EXPECT_EQ(RequestOf({.device = "auto"}, settings).device, "auto");
  EXPECT_FALSE(RequestOf({.device = "cpu"}, settings).gpu);
}

TEST(SlurmRequest, BecomesOptionsOfSbatchTheSitesOwnLast) {
  SlurmSettings settings;
  settings.partition = "short";
  settings.time_limit = "4:00:00";
  settings.options = {"--exclude=n7"};
  const auto words = SubmitWords("upcycle-x", 3, "/shared/runs",
                                 {.threads = 2, .memory_mib = 512, .gpu = true}, settings);
  const auto has = [&](const char* word) { return std::count(words.begin(), words.end(), word); };
  EXPECT_EQ(words.front(), "sbatch");
  for (const char* word : {"--array=0-2", "--cpus-per-task=2", "--mem=512M", "--gres=gpu:1",
                           "--partition=short", "--time=4:00:00", "--job-name=upcycle-x",
                           "--output=/shared/runs/slurm/%x_%a.txt", "--requeue"}) {
    EXPECT_EQ(has(word), 1) << word;
  }
  EXPECT_EQ(words.back(), "--exclude=n7");
  EXPECT_FALSE(std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word.starts_with("--account") || word.starts_with("--qos");
  }));
}

TEST(SlurmRequest, AsksForTheShorterOfTheStagesAndTheSitesTime) {
  const auto time = [](double hours, const std::string& of_site) {
    SlurmSettings settings;
    settings.time_limit = of_site;
    for (const std::string& word :
         SubmitWords("x", 1, "/r", RequestOf({.time_limit_hours = hours}, settings), settings)) {
      if (word.starts_with("--time=")) return word.substr(7);
    }
    return std::string("as the cluster has it");
  };
  EXPECT_EQ(time(0, ""), "as the cluster has it");
  EXPECT_EQ(time(0, "4:00:00"), "4:00:00");
  EXPECT_EQ(time(1.5, ""), "92") << "and time to hear of it and to write a checkpoint";
  EXPECT_EQ(time(0.0001, ""), "3");
  EXPECT_EQ(time(1.5, "4:00:00"), "92");
  for (const char* shorter : {"90", "90:30", "1:30:00", "0-1", "0-1:31", "0-1:31:59"}) {
    EXPECT_EQ(time(1.5, shorter), shorter);
  }
  for (const char* longer : {"93", "92:30", "1:32:30", "0-2", "0-1:33", "1-0:0:0"}) {
    EXPECT_EQ(time(1.5, longer), "92") << longer;
  }
}

// The script that a job runs, run without Slurm, with a program of the test's own.
class SlurmScriptTest : public testing::Test {
 protected:
  // A job gets signals, whatever tests before this one block.
  SlurmScriptTest() {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);
  }

  ProgramEnd Run(const std::string& program, const std::vector<std::string>& before = {"env"}) {
    const fs::path path = Put(folder_ / "a program", "#!/bin/bash\n" + program);
    fs::permissions(path, fs::perms::owner_all);
    return RunScript(path, before);
  }
  ProgramEnd RunScript(const fs::path& program, const std::vector<std::string>& before = {"env"}) {
    fs::create_directories(stage_);
    std::vector<std::string> words = before;
    for (const char* word : {"SLURM_ARRAY_TASK_ID=1", "bash"}) words.emplace_back(word);
    return RunToEnd(words, ScriptOf("upcycle-x", program, {folder_ / "other", stage_},
                                    {.threads = 3, .device = "cpu", .checked = true}));
  }
  std::optional<ScriptEnd> End() { return ReadScriptEnd(stage_, {"upcycle-x", 1}); }

  TemporaryFolder folder_;
  fs::path stage_ = folder_ / "it's a stage";
};

TEST_F(SlurmScriptTest, RunsTheWorkerOfItsPlaceInTheArray) {
  EXPECT_EQ(Run("echo \"$@\"; exit 6").exit_code, 6);
  EXPECT_EQ(ReadTextFile(stage_ / "log.txt"),
            "worker " + stage_.native() + " --threads 3 --device cpu --checked\n");
  ASSERT_TRUE(End().has_value());
  EXPECT_EQ(End()->status, 6);
  EXPECT_FALSE(End()->node.empty());
  EXPECT_EQ(ReadScriptEnd(stage_, {"upcycle-x", 0}), std::nullopt);
}

TEST_F(SlurmScriptTest, SaysWhichSignalEndedTheWorker) {
  EXPECT_EQ(Run("kill -KILL $$").exit_code, 128 + SIGKILL);
  ASSERT_TRUE(End().has_value());
  EXPECT_EQ(End()->status, 128 + SIGKILL);
}

TEST_F(SlurmScriptTest, HandsAStopOnAndWaitsForTheCheckpoint) {
  // The script gets SIGTERM from its own child, as it does from Slurm.
  const ProgramEnd end =
      Run("trap 'sleep 0.3; echo written; exit 130' TERM\n"
          "kill -TERM $PPID\n"
          "while true; do sleep 0.05; done\n");
  EXPECT_EQ(end.exit_code, 130);
  EXPECT_EQ(ReadTextFile(stage_ / "log.txt"), "written\n");
  ASSERT_TRUE(End().has_value());
  EXPECT_EQ(End()->status, 130);
}

TEST_F(SlurmScriptTest, SaysThatThereIsNoProgram) {
  EXPECT_EQ(RunScript(folder_ / "absent").exit_code, 127);
  const auto known = KnownCauseOf("FAILED", End(), "7_1", folder_ / "absent");
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(known->cause, Cause::kInput);
  EXPECT_TRUE(Says(known->message, "could not start " + (folder_ / "absent").native()));
}

TEST(SlurmKnownCause, IsSlurmsWhereItKnowsMoreThanTheWorker) {
  const ScriptEnd killed = {128 + SIGKILL, "n1"};
  const auto cause = [&](const char* state, std::optional<ScriptEnd> script) {
    const auto known = KnownCauseOf(state, script, "7_1", "/p");
    return known ? std::string(CauseName(known->cause)) : "";
  };
  EXPECT_EQ(cause("OUT_OF_MEMORY", killed), "memory");
  EXPECT_EQ(cause("TIMEOUT", std::nullopt), "timeout");
  EXPECT_EQ(cause("NODE_FAIL", std::nullopt), "lost");
  EXPECT_EQ(cause("PREEMPTED", std::nullopt), "killed");
  EXPECT_EQ(cause("CANCELLED", std::nullopt), "killed");
  EXPECT_EQ(cause("FAILED", std::nullopt), "lost") << "its script said nothing";
  EXPECT_EQ(cause("FAILED", killed), "") << "the signal says it";
  EXPECT_EQ(cause("COMPLETED", ScriptEnd{0, "n1"}), "");
  EXPECT_EQ(cause("", std::nullopt), "") << "the queue has forgotten it";
}

TEST(SlurmTask, IsFoundAgainAndForgotten) {
  const TemporaryFolder root;
  const fs::path stage = root / "stages/a";
  fs::create_directories(stage);
  EXPECT_EQ(ReadTask(stage), std::nullopt);
  WriteTask(stage, {"upcycle-x", 4});
  EXPECT_EQ(ReadTask(stage), (SlurmTask{"upcycle-x", 4}));
  Put(OutputOf(root.path(), {"upcycle-x", 4}), "slurmstepd: error: oom-kill\n");
  ForgetTask(root.path(), stage, {"upcycle-x", 4});
  EXPECT_EQ(ReadTask(stage), std::nullopt);
  EXPECT_EQ(ReadTextFile(stage / "log.txt"), "slurmstepd: error: oom-kill\n");
  EXPECT_TRUE(NamesIn(root / "slurm").empty());
}

TEST(SlurmTask, IsNotFoundInADamagedFile) {
  const TemporaryFolder folder;
  for (const char* text : {"", "{", "[]", "{\"name\": 1, \"index\": 0}", "{\"name\": \"x\"}"}) {
    Put(folder / "slurm.json", text);
    EXPECT_EQ(ReadTask(folder.path()), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace upcycle
