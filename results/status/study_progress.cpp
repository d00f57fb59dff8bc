#include "results/status/study_progress.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace upcycle {
namespace {

struct Mean {
  double sum = 0;
  int64_t count = 0;

  void Add(double value) {
    sum += value;
    ++count;
  }
  double Value() const { return sum / static_cast<double>(count); }
};

// What a stage is to the first run that it serves.
struct StageUser {
  StageRole role = StageRole::kTokens;
  size_t arm = 0;
};

std::vector<StageUser> UsersOfStages(const StudyFacts& study) {
  std::vector<std::optional<StageUser>> found(study.stages.size());
  for (size_t arm = 0; arm < study.arms.size(); ++arm) {
    for (const RunFacts& run : study.arms[arm].runs) {
      for (const auto& [place, stage] : run.stages) {
        if (!found[stage]) found[stage] = StageUser{place.role, arm};
      }
    }
  }
  std::vector<StageUser> users;
  users.reserve(found.size());
  for (const auto& user : found) users.push_back(user.value_or(StageUser{}));
  return users;
}

double ShareOf(const StageFacts& stage) {
  if (stage.state == StageState::kComplete) return 1;
  if (stage.steps <= 0) return 0;
  return std::clamp(static_cast<double>(stage.step) / static_cast<double>(stage.steps), 0.0, 1.0);
}

// Of a stage that runs, all of it; nothing where it does not say how long it still takes.
std::optional<double> SecondsOfRunning(const StageStatus& status) {
  const double share = ShareOf(status.stage);
  if (!status.seconds_left || share >= 1) return std::nullopt;
  return *status.seconds_left / (1 - share);
}

bool IsStillToDo(StageState state) {
  return state == StageState::kPlanned || state == StageState::kWaiting ||
         state == StageState::kRunning;
}

bool IsTraining(StageRole role) {
  return role == StageRole::kParent || role == StageRole::kBranch || role == StageRole::kTrain;
}

// Of a training; branches, of which only the sum is known, and what does not train count nothing.
double FlopsOf(const StudyFacts& study, const StageUser& user) {
  const ArmCost& cost = study.arms[user.arm].cost;
  if (user.role == StageRole::kTrain) return cost.train_flops;
  return user.role == StageRole::kParent ? cost.parent_train_flops - cost.branch_train_flops : 0;
}

class StageSeconds {
 public:
  StageSeconds(const StudyFacts& study, const std::vector<StageUser>& users,
               const StudyStatus& status, const std::map<int64_t, double>& taken)
      : study_(study), taken_(taken), users_(users) {
    for (const StageStatus& running : status.running) {
      if (const auto seconds = SecondsOfRunning(running)) running_[running.stage.id] = *seconds;
    }
    for (size_t i = 0; i < study.stages.size(); ++i) {
      if (const auto known = Known(study.stages[i].id)) {
        of_arm_[{users_[i].role, users_[i].arm}].Add(*known);
        of_role_[users_[i].role].Add(*known);
      }
    }
  }

  std::optional<double> Of(size_t stage) const {
    if (const auto known = Known(study_.stages[stage].id)) return known;
    const StageUser& user = users_[stage];
    if (const auto arm = of_arm_.find({user.role, user.arm}); arm != of_arm_.end()) {
      return arm->second.Value();
    }
    const auto role = of_role_.find(user.role);
    return role == of_role_.end() ? std::nullopt : std::optional(role->second.Value());
  }

 private:
  std::optional<double> Known(int64_t id) const {
    if (const auto found = taken_.find(id); found != taken_.end()) return found->second;
    const auto found = running_.find(id);
    return found == running_.end() ? std::nullopt : std::optional(found->second);
  }

  const StudyFacts& study_;
  const std::map<int64_t, double>& taken_;
  const std::vector<StageUser>& users_;
  std::map<int64_t, double> running_;  // seconds, by stage
  std::map<std::pair<StageRole, size_t>, Mean> of_arm_;
  std::map<StageRole, Mean> of_role_;
};

}  // namespace

StudyProgress ProgressOf(const StudyFacts& study, const StudyStatus& status,
                         const std::map<int64_t, double>& seconds_by_stage) {
  const std::vector<StageUser> users = UsersOfStages(study);
  const StageSeconds seconds(study, users, status, seconds_by_stage);
  double flops_done = 0, flops = 0, stages_done = 0, left = 0;
  bool is_known = true;
  for (size_t i = 0; i < study.stages.size(); ++i) {
    const StageFacts& stage = study.stages[i];
    const double share = ShareOf(stage);
    const double its_flops = FlopsOf(study, users[i]);
    flops += its_flops;
    flops_done += share * its_flops;
    stages_done += share;
    if (!IsStillToDo(stage.state)) continue;
    const std::optional<double> takes = seconds.Of(i);
    left += (1 - share) * takes.value_or(0);
    if (!takes && IsTraining(users[i].role)) is_known = false;
  }
  StudyProgress progress;
  const auto stages = static_cast<double>(std::max<size_t>(1, study.stages.size()));
  progress.share = flops > 0 ? flops_done / flops : stages_done / stages;
  if (is_known && !status.running.empty()) {
    progress.seconds_left = left / static_cast<double>(status.running.size());
  }
  return progress;
}

}  // namespace upcycle
