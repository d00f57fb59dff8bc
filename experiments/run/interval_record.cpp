#include "experiments/run/interval_record.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace upcycle {

IntervalRecord::IntervalRecord(std::vector<int64_t> expert_layers, int64_t experts, int64_t steps)
    : expert_layers_(std::move(expert_layers)),
      training_steps_(steps),
      loads_(static_cast<int64_t>(expert_layers_.size()), experts) {}

void IntervalRecord::Add(const StepReport& report,
                         std::span<const std::vector<MoeBlock::Load>> loads) {
  sum_.loss += report.loss;
  sum_.balance_loss += report.balance_loss;
  sum_.z_loss += report.z_loss;
  sum_.gradient_norm += report.gradient_norm;
  sum_.learning_rate = report.learning_rate;
  ++steps_;
  for (const auto& micro_batch : loads) loads_.Add(micro_batch);
}

void IntervalRecord::Write(JournalWriter& journal, int64_t step) {
  if (steps_ == 0) return;
  const double steps = static_cast<double>(steps_);
  journal.Point("train/loss", step, sum_.loss / steps);
  journal.Point("train/gradient_norm", step, sum_.gradient_norm / steps);
  journal.Point("train/learning_rate", step, sum_.learning_rate);
  if (!expert_layers_.empty()) {
    journal.Point("train/balance_loss", step, sum_.balance_loss / steps);
    journal.Point("train/z_loss", step, sum_.z_loss / steps);
    WriteLoads(journal, step);
    const auto part = [&](int64_t at) { return at * kLoadRecords / training_steps_; };
    if (part(step) > part(step - steps_)) WriteExpertLoads(journal, step);
  }
  sum_ = {};
  steps_ = 0;
  loads_.Clear();
}

void IntervalRecord::WriteLoads(JournalWriter& journal, int64_t step) {
  LoadSummary mean;
  for (size_t i = 0; i < expert_layers_.size(); ++i) {
    const LoadSummary layer = loads_.Summary(static_cast<int64_t>(i));
    const std::string prefix = fmt::format("moe/layer_{:02}", expert_layers_[i]);
    journal.Point(prefix + "/dropped_share", step, layer.dropped_share);
    journal.Point(prefix + "/load_entropy", step, layer.entropy);
    journal.Point(prefix + "/dead_experts", step, static_cast<double>(layer.dead_experts));
    mean.dropped_share += layer.dropped_share;
    mean.entropy += layer.entropy;
    mean.dead_experts += layer.dead_experts;
  }
  const double layers = static_cast<double>(expert_layers_.size());
  journal.Point("moe/dropped_share", step, mean.dropped_share / layers);
  journal.Point("moe/load_entropy", step, mean.entropy / layers);
  journal.Point("moe/dead_experts", step, static_cast<double>(mean.dead_experts));
}

void IntervalRecord::WriteExpertLoads(JournalWriter& journal, int64_t step) {
  for (size_t i = 0; i < expert_layers_.size(); ++i) {
    const std::vector<double> loads = loads_.RelativeLoads(static_cast<int64_t>(i));
    for (size_t expert = 0; expert < loads.size(); ++expert) {
      journal.Point(fmt::format("moe/layer_{:02}/expert_{:03}/load", expert_layers_[i], expert),
                    step, loads[expert]);
    }
  }
}

nlohmann::json IntervalRecord::ToJson() const {
  return {{"steps", steps_},
          {"loss", sum_.loss},
          {"balance_loss", sum_.balance_loss},
          {"z_loss", sum_.z_loss},
          {"gradient_norm", sum_.gradient_norm},
          {"learning_rate", sum_.learning_rate},
          {"loads", loads_.ToJson()}};
}

void IntervalRecord::FromJson(const nlohmann::json& json) {
  steps_ = json.at("steps");
  sum_ = {json.at("loss"), json.at("balance_loss"), json.at("z_loss"), json.at("gradient_norm"),
          json.at("learning_rate")};
  loads_.FromJson(json.at("loads"));
}

}  // namespace upcycle
