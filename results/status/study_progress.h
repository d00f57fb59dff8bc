// How much of a study's work is done, and how long the rest takes about.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "results/status/status.h"

namespace upcycle {

struct StudyProgress {
  double share = 0;  // of the FLOPs of trainings; of stages, where none are counted
  std::optional<double> seconds_left;
};

// Of time: a stage that is not done takes as long as those of the same
// role and arm took on average, else as those of the role; one that runs says itself. What has
// failed or was held is not expected to be done. As many stages go on at a time as run now; where
// none does, or nothing is known of how long a training takes, no time is told; what else is
// unknown is short and counts nothing.
StudyProgress ProgressOf(const StudyFacts& study, const StudyStatus& status,
                         const std::map<int64_t, double>& seconds_by_stage);

}  // namespace upcycle
