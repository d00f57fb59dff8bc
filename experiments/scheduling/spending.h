// What a study has really cost, held against its recipe's budget while it runs.
#pragma once

#include <string>

#include "core/files.h"
#include "core/stopwatch.h"
#include "experiments/study/budget.h"

namespace upcycle {

// All that the study's stages have cost under this root, whoever asked for them; nothing is on the
// clock of a launch yet.
StudyCost SpentOn(const Study& study, const fs::path& root);

class Spending {
 public:
  // Looks at most every `pause_seconds`.
  Spending(const Study& study, fs::path root, double pause_seconds = 5)
      : study_(study), root_(std::move(root)), pause_seconds_(pause_seconds) {}

  // Why nothing more may be started, "the study has spent 2.1 of budget.core_hours=2"; empty while
  // something may.
  std::string WhyNoMore();

 private:
  const Study& study_;
  fs::path root_;
  double pause_seconds_;
  Stopwatch launch_, since_look_;
  bool looked_ = false;
  std::string why_;
};

}  // namespace upcycle
