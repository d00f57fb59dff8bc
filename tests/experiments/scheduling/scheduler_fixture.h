// A study of two arms and two seeds under a scheduler whose processes are only pretended.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/files.h"
#include "experiments/scheduling/scheduler.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/root_journal.h"
#include "tests/experiments/scheduling/fake_executor.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {

using Fate = FakeExecutor::Fate;

class SilentObserver : public StudyObserver {
 public:
  void Started(const Fingerprint&, int64_t) override {}
  void Progressed(const Fingerprint&, const StageProgress&) override {}
  void Ended(const Fingerprint&, StageState, const std::string&) override {}
  void Retried(const Fingerprint&, const std::string&) override {}
  void Held(const Fingerprint&, const std::string&) override {}
  void Tick() override {}
};

// Two arms, continued dense and upcycled, of two seeds: 1 tokens + 1 parent + 1 parent's
// evaluation, and for each seed 2 dense and 3 upcycled stages.
inline constexpr int kStages = 13;

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    Put(folder_ / "recipe.yaml",
        "name: tiny\n"
        "data: {train: [{kind: atlas, people: 8}]}\n"
        "arms:\n"
        "  - {name: dense, upcycle: none}\n"
        "  - {name: moe, upcycle: copy}\n"
        "seeds: 2\n");
    study_ = MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
  }

  StudyOutcome Run(FakeExecutor& executor, SchedulerOptions options = {.jobs = 2, .cores = 4}) {
    SilentObserver observer;
    return Run(executor, options, observer);
  }
  // Every look takes a tenth of a second, however long it takes.
  StudyOutcome Run(FakeExecutor& executor, SchedulerOptions options, StudyObserver& observer) {
    options.clock = [&] { return now_ += 0.1; };
    LedgerWriter ledger(folder_ / "ledger.sqlite");
    RootJournal journal(folder_.path(), ledger);
    journal.RecordStudy(RecordOf(study_));
    Control control(study_, folder_.path(), ledger, journal);
    StopSignals stop;
    return Scheduler(study_, folder_.path(), ledger, executor, control, options, observer)
        .Run(stop);
  }

  Fingerprint StageOf(size_t arm, int64_t seed, StageRole role) const {
    for (const Study::Run& run : study_.runs) {
      if (run.arm == arm && run.seed == seed) return run.stages.at(role);
    }
    return {};
  }

  StageFacts Facts(const Fingerprint& stage) {
    return *LedgerReader(folder_ / "ledger.sqlite").FindStage(stage);
  }

  std::vector<AttemptFacts> Attempts(const Fingerprint& stage) {
    LedgerReader ledger(folder_ / "ledger.sqlite");
    return ledger.ReadAttempts(ledger.FindStage(stage)->id);
  }

  TemporaryFolder folder_;
  Study study_;
  double now_ = 0;  // in seconds, as the scheduler is told
};

}  // namespace upcycle
