// Every class of failure that core/error.h names, provoked in a study that the program runs: what
// it prints, what `status` says of the stage, how often it was tried, and the exit code.

#include <fstream>
#include <functional>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/resource.h>

#include "core/files.h"
#include "tests/processes.h"
#include "tests/says.h"
#include "tests/tools/caught_worker.h"
#include "tests/tools/memory_group.h"
#include "tests/tools/program.h"
#include "tests/tools/small_disk.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

using nlohmann::json;

class FailureClasses : public testing::Test {
 protected:
  FailureClasses() { Put(recipe_, kTinyRecipe); }

  std::vector<std::string> Run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"run", recipe_, "--root", root_, "-j", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // A parent whose training lasts until somebody ends it.
  std::vector<std::string> LongRun(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = Run({"--set", "parent.train.tokens=200M"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // The study runs, and `act` is done to a worker of it that has taken steps.
  Finished RunAndDo(const std::vector<std::string>& words,
                    const std::function<void(pid_t worker)>& act) const {
    Program run(words);
    const CaughtWorker worker(run, root_);
    if (worker.pid() == 0) return {};  // or the test would end itself
    act(worker.pid());
    worker.LetGoOn();
    return run.Wait();
  }

  // The same with a signal, and to each worker that is at the stage after it, until none is: one
  // that got further before it was hit does not count.
  Finished RunAndSendToAll(const std::vector<std::string>& words, int signal) const {
    Program run(words);
    const CaughtWorker first(run, root_);
    if (first.pid() == 0) return {};
    first.Signal(signal);
    std::set<pid_t> hit = {first.pid()};
    EXPECT_FALSE(run.Await([&] {
      for (const pid_t next : WorkersUnder(root_)) {
        if (!StageOf(next, root_).empty() && hit.insert(next).second) kill(next, signal);
      }
      return false;
    }));
    return run.Wait();
  }

  // The study runs until Ctrl-C, which a worker hears amid its steps.
  Finished RunAndInterrupt(const std::vector<std::string>& words) const {
    Program run(words);
    const CaughtWorker worker(run, root_);
    run.Signal(SIGINT);
    EXPECT_TRUE(run.Await([&] { return IsPending(worker.pid(), SIGTERM); }));
    worker.LetGoOn();
    return run.Wait();
  }

  // What `status --json` says of the one stage that ended early.
  json FailedStage() const {
    const Finished status = RunProgram({"status", "--json", "--root", root_});
    EXPECT_EQ(status.exit_code, 0) << status.err;
    const json studies = json::parse(status.out);
    const json& ended = studies.at(0).at("ended_early");
    EXPECT_EQ(ended.size(), 1u) << status.out;
    return ended.at(0);
  }

  struct Class {
    std::string cause;
    std::string state = "failed";
    size_t attempts = 1;
    bool or_more = false;  // attempts
    std::string message;   // a part of it
    int exit_code = 1;
  };
  void ExpectClass(const Finished& run, const Class& expected) const {
    EXPECT_EQ(run.exit_code, expected.exit_code) << run.err;
    const json stage = FailedStage();
    EXPECT_EQ(stage.at("state"), expected.state);
    const size_t attempts = stage.at("attempts").size();
    EXPECT_TRUE(attempts == expected.attempts || (expected.or_more && attempts > expected.attempts))
        << stage.dump(2) << run.err;
    for (const json& attempt : stage.at("attempts")) {
      EXPECT_EQ(attempt.at("cause"), expected.cause) << attempt.dump(2);
      EXPECT_EQ(attempt.at("outcome"), expected.state);
      EXPECT_TRUE(Says(attempt.at("message").get<std::string>(), expected.message));
    }
    EXPECT_TRUE(Says(run.err, expected.message));
    const std::string again = "to be tried again";
    EXPECT_EQ(run.err.find(again) != std::string::npos, expected.attempts > 1) << run.err;
    const Finished status = RunProgram({"status", "--root", root_});
    EXPECT_TRUE(Says(status.out, expected.cause));
  }

  // The same command, with nothing in its way, completes the study.
  void ExpectItGoesOn(const std::vector<std::string>& words) const {
    const Finished run = RunProgram(words);
    EXPECT_EQ(run.exit_code, 0) << run.err;
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "tiny.yaml";
  fs::path root_ = folder_ / "root";
};

TEST_F(FailureClasses, InputThatARecipeHasIsRefusedBeforeAnythingRuns) {
  const Finished run = RunProgram(Run({"--set", "moe.topk=2"}));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_TRUE(Says(run.err, "there is no key \"topk\""));
  EXPECT_FALSE(fs::exists(root_));
}

TEST_F(FailureClasses, InputThatAWorkerFindsIsNotTriedAgain) {
  Put(folder_ / "text.txt", "two lines\nof Latin-1: \xE9t\xE9\n");
  ExpectClass(
      RunProgram(
          Run({"--set", "data.train=[{kind: text, files: " + (folder_ / "text.txt").native() + "}]",
               "--set", "evaluate={sequences: 2}"})),
      {.cause = "input",
       .message =
           "text.txt:2: not UTF-8 (byte 22 of the file is 0xE9); convert it, as with iconv"});
}

// A limit of this process that its children inherit: a want of memory without a kill.
class AddressLimit {
 public:
  explicit AddressLimit(rlim_t bytes) {
    getrlimit(RLIMIT_AS, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressLimit() { setrlimit(RLIMIT_AS, &before_); }
  AddressLimit(const AddressLimit&) = delete;
  AddressLimit& operator=(const AddressLimit&) = delete;

 private:
  rlimit before_;
};

// About a gigabyte where parameters, gradients and moments are float32.
const std::vector<std::string> kLargeModel = {"--set", "model.width=256", "--set",
                                              "model.ffn_width=40960"};

// What has the machine for itself already is not tried again: the next attempt would have no more.
TEST_F(FailureClasses, MemoryThatIsRefusedIsToldOf) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers reserve more address space than the limit";
#endif
  Finished run;
  {
    const AddressLimit limit(rlim_t{1100} << 20);
    run = RunProgram(Run(kLargeModel));
  }
  ExpectClass(run,
              {.cause = "memory",
               .message = "use a smaller micro-batch or model, or run fewer workers at once (-j)"});
}

TEST_F(FailureClasses, MemoryForMatrixProductsIsAskedForBeforeTheyBegin) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers reserve more address space than the limit";
#endif
  const AddressLimit limit(rlim_t{300} << 20);
  const Finished run = RunProgram(Run());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_TRUE(Says(run.err, "no memory left for matrix products"));
  EXPECT_TRUE(Says(run.err, "raise the limit (ulimit -v)"));
}

// Its libraries' threads would ask for it again and again, and be waited for at exit.
TEST_F(FailureClasses, MemoryThatLibrariesNeverGetLetsTheProgramEnd) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers reserve more address space than the limit";
#endif
  const AddressLimit limit(rlim_t{200} << 20);
  const Finished run = RunProgram({"--version"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_TRUE(Says(run.out, "upcycle "));
}

TEST_F(FailureClasses, MemoryThatTheKernelKillsForIsToldOf) {
  Finished run;
  {
    const MemoryGroup group(int64_t{256} << 20);
    if (!group.works()) GTEST_SKIP() << "no memory cgroup can be made here";
    run = RunProgram(Run(kLargeModel));
  }
  ExpectClass(run, {.cause = "memory",
                    .message = "killed by the system for want of memory: run fewer at once (-j)"});
  EXPECT_EQ(FailedStage().at("attempts").at(0).at("signal"), SIGKILL);
}

// As one that runs beside it on the same machine.
TEST_F(FailureClasses, MemoryThatTheKernelKillsAnotherProgramForIsNotThisStudys) {
  bool is_killed = false;
  const Finished run = RunAndDo(Run(), [&](pid_t worker) {
    {
      const MemoryGroup group(int64_t{32} << 20);
      is_killed = group.works() && StatusOfChild([] {
                                     const std::string much(size_t{256} << 20, 'x');
                                     return much.empty() ? 1 : 0;
                                   }) < 0;
    }
    kill(worker, SIGKILL);
  });
  if (!is_killed) GTEST_SKIP() << "no memory cgroup can be made here";
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Says(run.err, "to be tried again: killed from outside by SIGKILL"));
}

TEST_F(FailureClasses, DeviceThatIsMissingIsRefusedBeforeAnythingRuns) {
  const Finished doctor = RunProgram({"doctor", "--root", root_});
  if (Says(doctor.out, "cuda:0")) GTEST_SKIP() << "there is a GPU";
  const Finished run = RunProgram(Run({"--set", "execution.device=cuda:0"}));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_TRUE(Says(run.err, "cuda:0"));
  EXPECT_FALSE(fs::exists(root_ / "stages"));
}

// This machine may have no device: what its driver would print is written into the log of a worker
// that then dies, twice.
class FailureOfADriver : public FailureClasses {
 protected:
  Finished RunWithADriverThatSays(const std::string& line, int attempts) const {
    Program run(LongRun());
    for (int attempt = 0; attempt < attempts; ++attempt) {
      const CaughtWorker worker(run, root_);
      if (worker.pid() == 0) return {};
      std::ofstream(worker.stage() / "log.txt", std::ios::app) << line << "\n";
      worker.Signal(SIGABRT);
      worker.LetGoOn();
      run.Await([&] { return kill(worker.pid(), 0) != 0; });
    }
    return run.Wait();
  }
};

TEST_F(FailureOfADriver, IsOfTheDeviceAndTriedOnceMore) {
  const std::string line = "CUDA error: an illegal memory access was encountered";
  ExpectClass(RunWithADriverThatSays(line, 2),
              {.cause = "device",
               .attempts = 2,
               .message = "crashed with SIGABRT; its log says \"" + line +
                          "\": `upcycle doctor` says how the GPU is"});
}

TEST_F(FailureOfADriver, IsOfItsMemory) {
  const Finished run = RunWithADriverThatSays("CUDA error: out of memory", 1);
  ExpectClass(run, {.cause = "device_memory",
                    .message = "use a smaller micro-batch, or run fewer workers on the GPU"});
}

TEST_F(FailureClasses, DivergenceIsNotTriedAgain) {
  const Finished run =
      RunProgram(Run({"--set", "parent.train.learning_rate={peak: 10, warmup_steps: 1}", "--set",
                      "parent.train.optimizer.weight_decay=10"}));
  ExpectClass(run, {.cause = "diverged",
                    .state = "diverged",
                    .message = "at learning rate 9.8. Lower train.learning_rate.peak"});
}

TEST_F(FailureClasses, InterruptionWritesACheckpointAndGoesOn) {
  const Finished finished = RunAndInterrupt(LongRun());
  ExpectClass(finished, {.cause = "interrupted",
                         .state = "stopped",
                         .message = "stopped on request",
                         .exit_code = 130});
  EXPECT_TRUE(Says(finished.err, "the same command goes on"));
}

TEST_F(FailureClasses, TimeoutIsNotTriedAgain) {
  ExpectClass(
      RunProgram(LongRun({"--set", "execution.time_limit_hours=0.0003"})),
      {.cause = "timeout", .message = "took longer than execution.time_limit_hours=0.0003"});
}

TEST_F(FailureClasses, TimeoutOfProcessorTimeIsNotTriedAgain) {
  const auto limit = [](pid_t worker) {
    const rlimit seconds = {1, RLIM_INFINITY};
    prlimit(worker, RLIMIT_CPU, &seconds, nullptr);
  };
  ExpectClass(RunAndDo(LongRun(), limit),
              {.cause = "timeout", .message = "a limit on processor time (ulimit -t) was reached"});
}

// One that got further counts as none; the next ends before it has got anywhere.
TEST_F(FailureClasses, KillFromOutsideIsTriedAgainAsOftenAsRestartsSay) {
  ExpectClass(RunAndSendToAll(LongRun({"--restarts", "0"}), SIGKILL),
              {.cause = "killed",
               .attempts = 2,
               .or_more = true,
               .message = "killed from outside by SIGKILL"});
}

TEST_F(FailureClasses, KillFromOutsideGoesOnFromTheCheckpoint) {
  const Finished run = RunAndDo(Run(), [](pid_t worker) { kill(worker, SIGKILL); });
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Says(run.err, "to be tried again: killed from outside by SIGKILL"));
}

// Within the lease a worker that nobody stopped must get to its first sign of life.
TEST_F(FailureClasses, SilenceIsEndedByTheLeaseAndTriedAgainAsOftenAsRestartsSay) {
  ExpectClass(RunAndSendToAll(LongRun({"--lease", "10", "--restarts", "0"}), SIGSTOP),
              {.cause = "lost",
               .attempts = 2,
               .or_more = true,
               .message = "gave no sign of life for 10 s"});
}

TEST_F(FailureClasses, FullDiskLetsNothingMoreBegin) {
  const SmallDisk disk(folder_ / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "this process may not mount a file system";
  root_ = folder_ / "disk" / "root";
  const Finished run = RunAndDo(LongRun(), [&](pid_t) { disk.Fill(); });
  // Who finds it first: the worker, or the scheduler, whose ledger has no room.
  const bool by_worker = run.exit_code == 1;
  EXPECT_TRUE(by_worker || run.exit_code == 2) << run.exit_code;
  EXPECT_TRUE(Says(run.err, by_worker ? "nothing more could be begun" : "disk is full"));
  EXPECT_TRUE(Says(run.err, "free some space"));
  disk.Free();
  ExpectItGoesOn(Run());
}

TEST_F(FailureClasses, FileThatMayNotGrowIsADiskFailure) {
  const auto limit = [](pid_t worker) {
    const rlimit bytes = {4096, RLIM_INFINITY};
    prlimit(worker, RLIMIT_FSIZE, &bytes, nullptr);
  };
  const Finished run = RunAndDo(LongRun(), limit);
  ExpectClass(run, {.cause = "disk", .message = "File too large"});
  EXPECT_TRUE(Says(run.err, "nothing more could be begun"));
}

TEST_F(FailureClasses, CrashIsABugAndIsNotTriedAgain) {
  ExpectClass(RunAndDo(LongRun(), [](pid_t worker) { kill(worker, SIGSEGV); }),
              {.cause = "bug", .message = "crashed with SIGSEGV"});
}

// A worker that is started by hand on a stage that asks for what cannot be.
TEST_F(FailureClasses, InternalCheckIsABugThatAsksToBeReported) {
  ASSERT_EQ(RunAndInterrupt(LongRun()).exit_code, 130);
  const fs::path stage = root_ / "stages" / FailedStage().at("stage").get<std::string>();
  json description = json::parse(ReadTextFile(stage / "stage.json"));
  description["execution"]["train"]["tokens"] = 12345;
  Put(stage / "stage.json", description.dump());
  const Finished worker = RunProgram({"worker", stage, "--threads", "1", "--device", "cpu"});
  EXPECT_EQ(worker.exit_code, 1);
  EXPECT_TRUE(Says(worker.err, "internal check failed at stage.cpp"));
  EXPECT_TRUE(Says(worker.err, "This is a bug in upcycle: please report it"));
}

}  // namespace
}  // namespace upcycle
