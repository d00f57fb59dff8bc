#include "experiments/bench/scheduling_benchmark.h"

#include <fmt/format.h>

#include "core/error.h"
#include "experiments/scheduling/scheduler.h"
#include "results/ledger/root_journal.h"

namespace upcycle {
namespace {

// Remembers why a stage failed.
class Witness : public StudyObserver {
 public:
  void Started(const Fingerprint&, int64_t) override {}
  void Progressed(const Fingerprint&, const StageProgress&) override {}
  void Ended(const Fingerprint&, StageState outcome, const std::string& reason) override {
    if (outcome != StageState::kComplete) problem_ = reason;
  }
  void Retried(const Fingerprint&, const std::string& reason) override { problem_ = reason; }
  void Held(const Fingerprint&, const std::string&) override {}
  void Tick() override {}

  const std::string& problem() const { return problem_; }

 private:
  std::string problem_;
};

void RequireAllDone(const StudyOutcome& outcome, const Study& study, const std::string& problem) {
  if (outcome.interrupted) throw Error(Cause::kInterrupted, "stopped on request");
  if (outcome.done == static_cast<int>(study.order.size())) return;
  throw Error(Cause::kBug, fmt::format("{} of {} stages without work were not done: {}",
                                       study.order.size() - static_cast<size_t>(outcome.done),
                                       study.order.size(), problem));
}

}  // namespace

SchedulingFigures MeasureScheduling(const Study& study, const fs::path& root, Executor& executor,
                                    int jobs, StopSignals& stop) {
  MakeDirectories(root);
  Witness witness;
  const TimeClock clock;
  LedgerWriter ledger(root / "ledger.sqlite");
  RootJournal journal(root, ledger);
  journal.RecordStudy(RecordOf(study));
  Control control(study, root, ledger, journal);
  SchedulerOptions options;
  options.jobs = options.cores = jobs;
  Scheduler scheduler(study, root, ledger, executor, control, options, witness);
  const StudyOutcome outcome = scheduler.Run(stop);
  SchedulingFigures figures = {.runs = static_cast<int64_t>(study.runs.size()),
                               .processes = static_cast<int64_t>(study.order.size()),
                               .taken = clock.Taken()};
  RequireAllDone(outcome, study, witness.problem());
  return figures;
}

}  // namespace upcycle
