// What `upcycle plan` says of the data: how often training reads each source.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"
#include "experiments/study/study.h"

namespace upcycle {

// One training of one or several arms on their sources.
struct DataPlan {
  struct Source {
    std::string name;
    double tokens = 0;  // there are
    double epochs = 0;
    bool is_estimate = false;
  };
  std::string training;  // the arm's name, or "parent of" it
  std::vector<Source> sources;
};

// Of each arm, and of its parent, in the order of arms; parents that read the same are one. Sizes
// are those of datasets under `root` where they are made, else estimates from the files.
std::vector<DataPlan> PlanData(const Study& study, const fs::path& root);

nlohmann::json DataPlanJson(const std::vector<DataPlan>& plans);
std::string DataPlanText(const std::vector<DataPlan>& plans);

}  // namespace upcycle
