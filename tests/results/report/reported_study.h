// A study with something for every section of a report.
#pragma once

#include <string>

#include "tests/results/fixture.h"

namespace upcycle {

struct ReportedStudy {
  std::string host = "here";
  std::string arm = "routed";   // the second arm's name
  double first_time = 1e9;      // seconds since 1970
  double core_seconds = 3600;   // of each training
  std::string place = "/here";  // of the texts
  size_t arms = 4;              // the baseline, two changes, and with 4 both of them
  int64_t seeds = 4;
};

// "study" of validation/loss: `arm` is better than "dense", "shared" undecided; a grid of two
// settings, a launch, trainings with curves and loads, one of them with an attempt that failed.
void RecordReportedStudy(const fs::path& ledger, const ReportedStudy& how = {});

}  // namespace upcycle
