#include "experiments/scheduling/local_executor.h"

#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file_lock.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using std::chrono::milliseconds;

const Fingerprint kStage = {1, 2};

// A worker that is a shell script; its folder is the second word of its command line.
class LocalExecutorTest : public testing::Test {
 protected:
  fs::path Script(const std::string& body) {
    const fs::path path = Put(folder_ / "program", "#!/bin/sh\n" + body + "\n");
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }

  Job JobIn(const std::string& name) {
    fs::create_directories(folder_ / name);
    return {.stage = kStage, .folder = folder_ / name, .threads = 3, .device = "cpu"};
  }

  JobEnd WaitFor(LocalExecutor& executor) {
    for (int look = 0; look < 6000; ++look) {
      if (const auto end = executor.Wait(milliseconds(10))) return *end;
    }
    ADD_FAILURE() << "nothing ended";
    return {};
  }

  void WaitForFile(const fs::path& path) {
    for (int look = 0; look < 6000 && !fs::exists(path); ++look)
      std::this_thread::sleep_for(milliseconds(10));
    ASSERT_TRUE(fs::exists(path));
  }

  TemporaryFolder folder_;
};

TEST_F(LocalExecutorTest, RunsTheProgramInTheStagesFolderWithALog) {
  LocalExecutor executor(Script("echo \"$@\"; echo trouble >&2; exit 5"));
  executor.Start(JobIn("stage"));
  const JobEnd end = WaitFor(executor);
  EXPECT_EQ(end.stage, kStage);
  EXPECT_EQ(end.exit_code, 5);
  EXPECT_EQ(end.signal, 0);
  EXPECT_GT(end.peak_memory_bytes.value(), 100'000);
  EXPECT_EQ(ReadTextFile(folder_ / "stage/log.txt"),
            "worker " + (folder_ / "stage").native() + " --threads 3 --device cpu\ntrouble\n");
}

TEST_F(LocalExecutorTest, GivesTheProgramAnotherCommandWhereItIsAsked) {
  LocalExecutor executor(Script("echo \"$1\""), "idle-worker");
  executor.Start(JobIn("stage"));
  EXPECT_EQ(WaitFor(executor).exit_code, 0);
  EXPECT_EQ(ReadTextFile(folder_ / "stage/log.txt"), "idle-worker\n");
}

TEST_F(LocalExecutorTest, TellsWhichSignalEndedIt) {
  LocalExecutor executor(Script("kill -SEGV $$"));
  executor.Start(JobIn("stage"));
  const JobEnd end = WaitFor(executor);
  EXPECT_EQ(end.signal, SIGSEGV);
  EXPECT_EQ(end.exit_code, std::nullopt);
  EXPECT_FALSE(end.for_want_of_memory);
}

TEST_F(LocalExecutorTest, StopsAndKillsOneOfSeveral) {
  // Requests to stop come to a worker blocked, until it looks for them: here, until this.
  LocalExecutor executor(
      Script("exec python3 -c 'import signal, sys, time\n"
             "signal.pthread_sigmask(signal.SIG_SETMASK, [])\n"
             "open(sys.argv[2] + \"/up\", \"w\")\n"
             "time.sleep(3600)' \"$@\""));
  Job other = JobIn("other");
  other.stage = {7, 7};
  executor.Start(JobIn("stage"));
  executor.Start(other);
  WaitForFile(folder_ / "stage/up");
  WaitForFile(folder_ / "other/up");
  executor.Stop(kStage);
  const JobEnd first = WaitFor(executor);
  EXPECT_EQ(first.stage, kStage);
  EXPECT_EQ(first.signal, SIGTERM);
  executor.Kill(other.stage);
  const JobEnd second = WaitFor(executor);
  EXPECT_EQ(second.stage, other.stage);
  EXPECT_EQ(second.signal, SIGKILL);
  executor.Kill(kStage);  // it has ended: nobody is hit
}

TEST_F(LocalExecutorTest, FollowsTheProcessThatHoldsTheStagesLock) {
  const Job job = JobIn("stage");
  LocalExecutor executor("/nonexistent");
  EXPECT_FALSE(executor.Adopt(kStage, job.folder));
  const pid_t orphan = fork();
  if (orphan == 0) {
    const auto lock = FileLock::TryAcquire(job.folder / "lock");
    pause();
    _exit(0);
  }
  WaitForFile(job.folder / "lock");
  bool adopted = false;
  for (int look = 0; look < 12'000 && !adopted; ++look) {
    adopted = executor.Adopt(kStage, job.folder);
    std::this_thread::sleep_for(milliseconds(5));
  }
  ASSERT_TRUE(adopted);
  EXPECT_FALSE(executor.Wait(milliseconds(50)).has_value());
  executor.Kill(kStage);
  const JobEnd end = WaitFor(executor);
  EXPECT_EQ(end.stage, kStage);
  EXPECT_EQ(end.exit_code, std::nullopt);
  EXPECT_EQ(end.signal, 0) << "nobody but its parent sees that";
  waitpid(orphan, nullptr, 0);
}

TEST_F(LocalExecutorTest, LeavesALockAloneWhoseHolderIsOnAnotherMachine) {
  const Job job = JobIn("stage");
  ProcessIdentity elsewhere = ThisProcess();
  elsewhere.host += "-2";
  const auto lock = FileLock::TryAcquire(job.folder / "lock");
  Put(job.folder / "lock", TextOf(elsewhere) + "\n");
  LocalExecutor executor("/nonexistent");
  EXPECT_FALSE(executor.Adopt(kStage, job.folder));
}

TEST_F(LocalExecutorTest, EndsAsAShellDoesWhereThereIsNoProgram) {
  LocalExecutor executor("/nonexistent");
  executor.Start(JobIn("stage"));
  EXPECT_EQ(WaitFor(executor).exit_code, 127);
}

TEST_F(LocalExecutorTest, KillsWhatItStartedWhenItGoes) {
  const fs::path program =
      Script("echo $$ > \"$2/begun\"; mv \"$2/begun\" \"$2/pid\"; exec sleep 3600");
  {
    LocalExecutor executor(program);
    executor.Start(JobIn("stage"));
    WaitForFile(folder_ / "stage/pid");
  }
  pid_t pid = 0;
  std::ifstream(folder_ / "stage/pid") >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace upcycle
