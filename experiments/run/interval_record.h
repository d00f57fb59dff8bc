// The means of a training between two records, and how they are written to the journal.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/journal.h"
#include "experiments/run/load_record.h"
#include "experiments/run/trainer.h"

namespace upcycle {

// Loads of single experts are many, and a picture of them has few columns: one interval in each of
// so many parts of a training is enough.
inline constexpr int64_t kLoadRecords = 48;

class IntervalRecord {
 public:
  // `expert_layers` are the numbers of the layers that have experts; the training has `steps`.
  IntervalRecord(std::vector<int64_t> expert_layers, int64_t experts, int64_t steps);

  void Add(const StepReport& report, std::span<const std::vector<MoeBlock::Load>> loads);

  // Writes the interval's means as points at `step`, and begins the next interval:
  //   train/loss, train/gradient_norm, train/learning_rate (of the last step), and with experts
  //   train/balance_loss, train/z_loss, moe/{dropped_share,load_entropy,dead_experts} over layers
  //   (mean, mean, sum) and moe/layer_NN/… of each; at most kLoadRecords times in a training also
  //   moe/layer_NN/expert_NNN/load, assignments before dropping over those of an even spread.
  void Write(JournalWriter& journal, int64_t step);

  nlohmann::json ToJson() const;
  void FromJson(const nlohmann::json& json);

 private:
  void WriteLoads(JournalWriter& journal, int64_t step);
  void WriteExpertLoads(JournalWriter& journal, int64_t step);

  std::vector<int64_t> expert_layers_;
  int64_t training_steps_;
  LoadRecord loads_;
  StepReport sum_;
  int64_t steps_ = 0;
};

}  // namespace upcycle
