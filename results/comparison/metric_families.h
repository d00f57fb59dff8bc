// Names of metrics as a list that somebody can read.
#pragma once

#include <string>
#include <vector>

namespace upcycle {

// The metrics by rising name, then those of single layers and experts, which may be thousands, as
// families: "moe/layer_*/expert_*/load (moe/layer_00/expert_000/load and 15 more)".
std::vector<std::string> MetricFamilies(const std::vector<std::string>& metrics);

}  // namespace upcycle
