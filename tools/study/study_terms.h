// On what terms a study runs on this machine: how its runs share the cores, and what its budget
// lets it do.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/stop_signals.h"
#include "experiments/bench/division_probe.h"
#include "experiments/study/budget.h"
#include "tools/study/workplace.h"
#include "tools/terminal/state_options.h"

namespace upcycle {

enum class Probing {
  kNever,      // what the root keeps of earlier probes is used
  kWhereLong,  // and where there is nothing and the study takes minutes, it is measured
  kAlways,     // measured again
};

struct MachineShare {
  Division division;                // that is used
  std::vector<DivisionRate> rates;  // measured; empty: none
  MachineRate rate;
};

// `jobs` is what -j asks for; 0: the fastest division where it is known, else one for each core.
MachineShare ShareMachine(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                          const fs::path& root, int jobs, const std::vector<Gpu>& gpus,
                          Probing probing, StopSignals* stop);

// "-j 2 with 1 thread each, measured: …"; empty where nothing was measured.
std::string DescribeShare(const MachineShare& share);

struct StudyTerms {
  int jobs = 0;  // processes at a time; 0: as many as the workplace has room for
  LeftOut left_out = {};
  bool ends_when_spent = false;  // nothing more starts once the budget is really spent
};

// Measures where that pays (of a cluster's nodes nothing is measured), and holds the study to its
// budget: says what exceeds it, asks, or leaves runs out, as the recipe says. Throws Error(kInput)
// where nothing may start.
StudyTerms AgreeOnTerms(const Study& study, const StateOptions& state, int jobs, bool yes,
                        const Workplace& workplace, StopSignals& stop);

}  // namespace upcycle
