#include "tests/tools/caught_worker.h"

#include <system_error>
#include <variant>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/file_lock.h"
#include "core/journal.h"
#include "results/ledger/journal_events.h"

namespace upcycle {
namespace {

// What a stage's journal says of the attempt that it tells of last.
class Course {
 public:
  explicit Course(const fs::path& journal) {
    JournalReader reader(journal);
    for (auto records = reader.ReadNext(); !records.empty(); records = reader.ReadNext()) {
      for (const JournalRecord& record : records) Read(record);
    }
  }

  // Step 0 is told of before the first step: a scheduler counts it for no progress.
  bool IsAmidItsSteps() const {
    return trains_ && progress_.step > 0 && progress_.step < progress_.steps;
  }

 private:
  void Read(const JournalRecord& record) {
    if (const auto* point = std::get_if<JournalPoint>(&record)) {
      trains_ |= point->metric == "train/loss";
      return;
    }
    const StageEvent event = ParseStageEvent(std::get<JournalEvent>(record).json);
    const bool begins = std::holds_alternative<AttemptStart>(event);
    const bool ends = std::holds_alternative<AttemptEnd>(event) ||
                      std::holds_alternative<AttemptJudgement>(event);
    if (begins || ends) trains_ = false;
    if (const auto* progress = std::get_if<Progress>(&event)) progress_ = *progress;
  }

  bool trains_ = false;  // has recorded steps, and no end
  Progress progress_;
};

bool IsAmidItsSteps(const fs::path& stage) { return Course(stage / "journal").IsAmidItsSteps(); }

}  // namespace

bool StopAmidItsSteps(pid_t worker, const fs::path& stage) {
  if (!IsAmidItsSteps(stage)) return false;
  // It has gone on until it stood still.
  if (StopProcess(worker) && IsAmidItsSteps(stage)) return true;
  kill(worker, SIGCONT);
  return false;
}

CaughtWorker::CaughtWorker(Program& run, const fs::path& root) {
  const bool is_caught = run.Await([&] { return Catch(root); });
  EXPECT_TRUE(is_caught) << "nothing trains: " << run.ErrorsSoFar();
}

bool CaughtWorker::Catch(const fs::path& root) {
  for (const pid_t worker : WorkersUnder(root)) {
    const fs::path stage = StageOf(worker, root);
    if (stage.empty() || !StopAmidItsSteps(worker, stage)) continue;
    pid_ = worker;
    stage_ = stage;
    return true;
  }
  return false;
}

void CaughtWorker::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

void CaughtWorker::LetGoOn() const { Signal(SIGCONT); }

fs::path StageOf(pid_t worker, const fs::path& root) {
  std::error_code absent;
  for (const auto& stage : fs::directory_iterator(root / "stages", absent)) {
    const auto holder = FileLock::HolderOf(stage.path() / "lock");
    if (holder && holder->pid == worker) return stage.path();
  }
  return {};
}

}  // namespace upcycle
