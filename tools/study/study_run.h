// What the commands that run studies have in common.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/stop_signals.h"
#include "experiments/scheduling/scheduler.h"
#include "experiments/study/plan.h"
#include "experiments/study/study.h"
#include "results/ledger/ledger_writer.h"
#include "tools/study/study_terms.h"
#include "tools/study/workplace.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/state_options.h"

namespace upcycle {

struct RunEffort {
  int jobs = 0;  // processes at a time; 0: whatever is fastest, or as many as site.yaml says
  std::string executor = std::string(NameOf(ExecutorChoice::kAuto));
  bool keep_going = false;
  int lease_seconds = 60;  // SchedulerOptions
  int restarts = 2;
  bool checked = false;
  bool yes = false;  // to what a budget asks

  void Declare(CommandLine& line);
  // Throws Error(kInput) for numbers and names that cannot be.
  void Check() const;
  ExecutorChoice Executor() const;
};

// To standard error, what would be done.
void PrintIntent(const Study& study, const std::map<Fingerprint, StagePlan>& plan);

// What a launch records of its end: how many stages were done, failed, ….
nlohmann::json OutcomeJson(const StudyOutcome& outcome);

// Makes what is missing of a study, on a root that the caller has locked; the ledger keeps `record`
// of it.
StudyOutcome RunStudy(const Study& study, const StudyRecord& record, const StateOptions& state,
                      const RunEffort& effort, const Workplace& workplace, LedgerWriter& ledger,
                      StopSignals& stop, const StudyTerms& terms = {});

}  // namespace upcycle
