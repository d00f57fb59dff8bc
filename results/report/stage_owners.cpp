#include "results/report/stage_owners.h"

#include <fmt/format.h>

namespace upcycle {

std::vector<StageOwner> OwnersOf(const StudyFacts& study) {
  std::vector<StageOwner> owners(study.stages.size());
  std::vector<int64_t> runs(study.stages.size());
  for (size_t arm = 0; arm < study.arms.size(); ++arm) {
    for (const RunFacts& run : study.arms[arm].runs) {
      for (const auto& [place, stage] : run.stages) {
        StageOwner& owner = owners[stage];
        if (owner.arms.empty() || owner.arms.back() != arm) owner.arms.push_back(arm);
        owner.name = ++runs[stage] == 1 ? fmt::format("{} {}, seed {}", NameOf(place),
                                                      study.arms[arm].name, run.seed)
                                        : fmt::format("{} of {} runs", NameOf(place), runs[stage]);
      }
    }
  }
  return owners;
}

}  // namespace upcycle
