// One study under every fault that a weekend may bring, at random and hundreds of them: it ends
// with the values that an undisturbed one has, bit by bit.

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/file_lock.h"
#include "core/files.h"
#include "core/random.h"
#include "tests/processes.h"
#include "tests/tools/program.h"
#include "tests/tools/small_disk.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

constexpr int kFaults = 220;

bool Contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

class FaultTest : public testing::Test {
 public:
  FaultTest() {
    Put(recipe_, kTinyRecipe);
    Put(clock_, "0");
    setenv("UPCYCLE_CLOCK_OFFSET", clock_.c_str(), 1);
  }
  ~FaultTest() override {
    unsetenv("LD_PRELOAD");
    unsetenv("UPCYCLE_CLOCK_OFFSET");
  }

  std::vector<std::string> Command(const fs::path& root) const {
    return {"run",
            recipe_,
            "--root",
            root,
            "-j",
            "2",
            "-k",
            "--lease",
            "3",
            "--set",
            "train.tokens=3M",
            "--set",
            "parent.train.tokens=500k"};
  }

  uint64_t Below(uint64_t bound) { return stream_.Below(draw_++, bound); }
  void Sleep(uint64_t least, uint64_t most) {
    std::this_thread::sleep_for(std::chrono::milliseconds(least + Below(most - least + 1)));
  }

  // The study as far as it came is brought to its end, which is that of an undisturbed one, and so
  // is that of a ledger that is made again from what is left of the journals, once what was cut off
  // them is done again.
  void ExpectAsIfUndisturbed() {
    for (int round = 0; round < 5 && !complete_; ++round) {
      if (run_) run_->Wait();
      run_ = std::make_unique<Program>(Command(root_));
      complete_ = run_->Wait().exit_code == 0;
    }
    run_.reset();
    ASSERT_TRUE(complete_) << RunProgram({"status", "--root", root_}).out;
    ExpectTheValuesOfTheCalm();
    EXPECT_EQ(RunProgram({"rebuild", "--root", root_}).exit_code, 0);
    EXPECT_EQ(RunProgram(Command(root_)).exit_code, 0);
    ExpectTheValuesOfTheCalm();
  }
  void ExpectTheValuesOfTheCalm() const {
    EXPECT_EQ(DifferencesBetween(ContentOf(root_, "tiny"), ContentOf(calm_, "tiny")), "");
    const auto table = [](const fs::path& root) {
      return RunProgram({"export", "tiny", "--root", root, "--format", "json"}).out;
    };
    EXPECT_EQ(table(root_), table(calm_));
  }
  // How much bears faults before it is complete depends on how fast the machine is.
  void BeginAnotherStudy() {
    fs::remove_all(root_);
    complete_ = false;
  }

  // The scheduler under test runs, whatever became of the one before.
  void KeepRunning() {
    if (run_ && run_->Running()) return;
    if (run_) {
      const Finished finished = run_->Wait();
      complete_ = finished.exit_code == 0;
      // Killed, given up for now, or out of room; never a crash, a bad input or a bug.
      bool known = false;
      for (const int code : {0, 1, 130, 128 + SIGKILL}) known |= finished.exit_code == code;
      for (const char* words : {"No space", "disk is full", "too large"}) {
        known |= Contains(finished.err, words);
      }
      EXPECT_TRUE(known) << finished.exit_code << ": " << finished.err;
      EXPECT_FALSE(Contains(finished.err, "bug in upcycle")) << finished.err;
    }
    if (complete_) {
      run_.reset();
    } else {
      run_ = std::make_unique<Program>(Command(root_));
    }
  }

  static void AwaitNot(const std::function<bool()>& what) {
    while (what()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }

  std::vector<pid_t> Workers() const { return WorkersUnder(root_); }
  // One of the workers; 0 where there is none.
  pid_t AWorker() {
    const auto workers = Workers();
    return workers.empty() ? 0 : workers[Below(workers.size())];
  }

  // Nothing is at work any more.
  void KillEverything() {
    if (run_ && run_->Running()) {
      run_->Signal(SIGKILL);
      run_->Wait();
    }
    run_.reset();
    // Where it was killed while it started a worker, that has its lock until it is one.
    AwaitNot([&] { return FileLock::IsHeld(root_ / "scheduler.lock"); });
    for (const pid_t worker : Workers()) kill(worker, SIGKILL);
    AwaitNot([&] { return !Workers().empty(); });
  }

  // A random one of the files that `wanted` names, of stages; nothing where there is none.
  fs::path AFile(const std::function<bool(const fs::path&)>& wanted) {
    std::vector<fs::path> files;
    std::error_code absent;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "stages", absent)) {
      if (entry.is_regular_file() && wanted(entry.path())) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files.empty() ? fs::path() : files[Below(files.size())];
  }

  // Each does one fault; false where there was nothing to do it to.
  bool KillScheduler() {
    run_->Signal(SIGKILL);
    run_->Wait();
    run_.reset();
    return true;
  }
  bool StopSchedulerForAWhile() {
    run_->Signal(SIGSTOP);
    Sleep(20, 300);
    run_->Signal(SIGCONT);
    return true;
  }
  void AwaitWorker() {
    run_->Await([&] { return !Workers().empty(); });
  }
  bool KillWorker() {
    const pid_t worker = AWorker();
    return worker > 0 && kill(worker, SIGKILL) == 0;
  }
  bool AskWorkerToStop() {
    const pid_t worker = AWorker();
    return worker > 0 && kill(worker, SIGTERM) == 0;
  }
  bool StopWorkerForAWhile() {
    const pid_t worker = AWorker();
    if (worker == 0 || kill(worker, SIGSTOP) != 0) return false;
    Sleep(20, 300);
    kill(worker, SIGCONT);
    return true;
  }
  bool StopWorkerForGood() {
    const pid_t worker = AWorker();
    return worker > 0 && kill(worker, SIGSTOP) == 0;  // the lease ends it
  }
  bool FillDisk() {
    if (disk_.mounted()) {
      disk_.Fill();
      Sleep(50, 400);
      disk_.Free();
      return true;
    }
    // No file can grow any more, as far as the next scheduler and its workers can tell.
    KillEverything();
    const FileSizeLimit full(4096 * (1 + Below(20)));
    Program limited(Command(root_));
    Sleep(100, 500);
    limited.Signal(SIGKILL);
    limited.Wait();
    for (const pid_t worker : Workers()) kill(worker, SIGKILL);
    return true;
  }
  bool CutJournal() {
    KillEverything();
    const fs::path journal =
        AFile([](const fs::path& path) { return path.filename() == "journal"; });
    if (journal.empty()) return false;
    const uint64_t size = fs::file_size(journal);
    fs::resize_file(journal, size - std::min<uint64_t>(size, 1 + Below(60)));
    return true;
  }
  bool CorruptCheckpoint() {
    KillEverything();
    const fs::path file = AFile([](const fs::path& path) {
      return Contains(path.native(), "/checkpoints/") && fs::file_size(path) > 0;
    });
    if (file.empty()) return false;
    std::string bytes = ReadTextFile(file);
    bytes[Below(bytes.size())] ^= static_cast<char>(1 + Below(255));
    Put(file, bytes);
    return true;
  }
  bool JumpClock() {
    Put(clock_, std::to_string(static_cast<int64_t>(Below(2'000'000'000)) - 1'000'000'000));
    return true;
  }
  bool StartTwoAtOnce() {
    KillEverything();
    Program first(Command(root_)), second(Command(root_));
    while (first.Running() && second.Running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    Program& ended = first.Running() ? second : first;
    const Finished finished = ended.Wait();
    const bool refused =
        finished.exit_code == 2 && Contains(finished.err, "another `upcycle run` is at work");
    EXPECT_TRUE(finished.exit_code == 0 || refused) << finished.exit_code << finished.err;
    for (Program* program : {&first, &second}) {
      if (program->Running()) program->Signal(SIGTERM);
      program->Wait();
    }
    return true;
  }

  TemporaryFolder folder_;
  SmallDisk disk_{folder_ / "disk"};
  fs::path recipe_ = folder_ / "tiny.yaml";
  fs::path clock_ = folder_ / "clock";
  fs::path root_ = folder_ / "disk" / "root", calm_ = folder_ / "calm";
  RandomStream stream_{2026, "faults"};
  uint64_t draw_ = 0;
  std::unique_ptr<Program> run_;
  bool complete_ = false;
};

TEST_F(FaultTest, LeavesEveryValueAsItWouldHaveBeen) {
  ASSERT_EQ(RunProgram(Command(calm_)).exit_code, 0);
  setenv("LD_PRELOAD", UPCYCLE_CLOCK_SHIM, 1);
  struct Fault {
    const char* name;
    bool (FaultTest::*act)();
    int weight;
  };
  const Fault faults[] = {
      {"scheduler killed", &FaultTest::KillScheduler, 4},
      {"scheduler stopped for a while", &FaultTest::StopSchedulerForAWhile, 2},
      {"worker killed", &FaultTest::KillWorker, 6},
      {"worker asked to stop", &FaultTest::AskWorkerToStop, 2},
      {"worker stopped for a while", &FaultTest::StopWorkerForAWhile, 2},
      {"worker stopped for good", &FaultTest::StopWorkerForGood, 1},
      {"disk full", &FaultTest::FillDisk, 2},
      {"journal cut", &FaultTest::CutJournal, 3},
      {"checkpoint corrupted", &FaultTest::CorruptCheckpoint, 3},
      {"clock jumped", &FaultTest::JumpClock, 2},
      {"two schedulers at once", &FaultTest::StartTwoAtOnce, 2},
  };
  std::vector<const Fault*> urn;
  for (const Fault& fault : faults)
    urn.insert(urn.end(), static_cast<size_t>(fault.weight), &fault);
  std::map<std::string, int> counts;
  const auto each_was_done = [&] {
    return std::ranges::all_of(faults, [&](const Fault& fault) { return counts[fault.name] > 0; });
  };
  int done = 0;
  // Where workers are rarely there, as on a busy machine, it takes more to have done all to them.
  while (done < kFaults || !each_was_done()) {
    KeepRunning();
    if (complete_) {
      ExpectAsIfUndisturbed();
      BeginAnotherStudy();
      continue;
    }
    if (Below(2) == 0) AwaitWorker();  // or a busy machine would let only schedulers die
    Sleep(20, 250);
    if (!run_->Running()) continue;
    const Fault& fault = *urn[Below(urn.size())];
    if (!(this->*fault.act)()) continue;
    ++counts[fault.name];
    ++done;
  }
  for (const auto& [name, count] : counts) std::cout << count << " × " << name << "\n";
  ExpectAsIfUndisturbed();
}

}  // namespace
}  // namespace upcycle
