#include "experiments/run/load_record.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/check.h"

namespace upcycle {

LoadRecord::LoadRecord(int64_t layers, int64_t experts)
    : assigned_(static_cast<size_t>(layers), std::vector<int64_t>(static_cast<size_t>(experts))),
      served_(static_cast<size_t>(layers)) {}

void LoadRecord::Add(const std::vector<MoeBlock::Load>& loads) {
  UPCYCLE_CHECK_EQ(loads.size(), assigned_.size());
  for (size_t layer = 0; layer < loads.size(); ++layer) {
    const MoeBlock::Load& load = loads[layer];
    for (size_t i = 0; i < load.assigned.size(); ++i) assigned_[layer][i] += load.assigned[i];
    served_[layer] += std::accumulate(load.served.begin(), load.served.end(), int64_t{0});
  }
}

LoadSummary LoadRecord::Summary(int64_t layer) const {
  const std::vector<int64_t>& assigned = assigned_[static_cast<size_t>(layer)];
  const double total =
      static_cast<double>(std::accumulate(assigned.begin(), assigned.end(), int64_t{0}));
  LoadSummary summary;
  if (total == 0) return summary;
  summary.dropped_share = 1 - static_cast<double>(served_[static_cast<size_t>(layer)]) / total;
  summary.dead_experts = std::count(assigned.begin(), assigned.end(), 0);
  double entropy = 0;
  for (int64_t count : assigned) {
    const double share = static_cast<double>(count) / total;
    if (share > 0) entropy -= share * std::log(share);
  }
  const double most = std::log(static_cast<double>(assigned.size()));
  summary.entropy = most > 0 ? entropy / most : 1;
  return summary;
}

std::vector<double> LoadRecord::RelativeLoads(int64_t layer) const {
  const std::vector<int64_t>& assigned = assigned_[static_cast<size_t>(layer)];
  const auto total =
      static_cast<double>(std::accumulate(assigned.begin(), assigned.end(), int64_t{0}));
  const double even = total / static_cast<double>(assigned.size());
  std::vector<double> loads;
  for (const int64_t count : assigned) {
    loads.push_back(total > 0 ? static_cast<double>(count) / even : 0);
  }
  return loads;
}

void LoadRecord::Clear() {
  for (auto& layer : assigned_) std::fill(layer.begin(), layer.end(), 0);
  std::fill(served_.begin(), served_.end(), 0);
}

nlohmann::json LoadRecord::ToJson() const { return {{"assigned", assigned_}, {"served", served_}}; }

void LoadRecord::FromJson(const nlohmann::json& json) {
  const auto assigned = json.at("assigned").get<std::vector<std::vector<int64_t>>>();
  const auto served = json.at("served").get<std::vector<int64_t>>();
  UPCYCLE_CHECK(assigned.size() == assigned_.size() && served.size() == served_.size());
  for (size_t i = 0; i < assigned.size(); ++i)
    UPCYCLE_CHECK_EQ(assigned[i].size(), assigned_[i].size());
  assigned_ = assigned;
  served_ = served;
}

}  // namespace upcycle
