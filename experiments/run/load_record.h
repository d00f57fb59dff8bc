// What is recorded of the experts of each layer: collected over the steps between two records.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "experiments/model/moe_block.h"

namespace upcycle {

// How evenly the tokens of an interval spread over the experts of one layer.
struct LoadSummary {
  double dropped_share = 0;  // of all assignments, not served for want of capacity
  double entropy = 0;        // of the assignments before dropping, over its maximum ln E: 1 is even
  int64_t dead_experts = 0;  // chosen by no token
};

class LoadRecord {
 public:
  // `layers` layers of `experts` each.
  LoadRecord(int64_t layers, int64_t experts);

  void Add(const std::vector<MoeBlock::Load>& loads);
  LoadSummary Summary(int64_t layer) const;
  // Of each expert of a layer: assignments before dropping, over those of an even spread.
  std::vector<double> RelativeLoads(int64_t layer) const;
  void Clear();

  // For checkpoints: a resumed run records what an undisturbed one would have.
  nlohmann::json ToJson() const;
  void FromJson(const nlohmann::json& json);

 private:
  std::vector<std::vector<int64_t>> assigned_;  // [layer][expert]
  std::vector<int64_t> served_;                 // [layer]
};

}  // namespace upcycle
