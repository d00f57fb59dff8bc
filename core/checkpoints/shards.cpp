#include "core/checkpoints/shards.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/checkpoints/tensor_folder.h"

namespace upcycle {

std::vector<Shard> PlanShards(const std::vector<SafetensorsEntry>& entries, int64_t most_bytes) {
  std::vector<Shard> shards(1);
  for (const SafetensorsEntry& entry : entries) {
    const int64_t bytes = BytesOf(entry);
    if (!shards.back().entries.empty() && shards.back().bytes + bytes > most_bytes) {
      shards.emplace_back();
    }
    shards.back().entries.push_back(entry);
    shards.back().bytes += bytes;
  }
  if (shards.size() == 1) {
    shards.front().file = kWeightsFile;
    return shards;
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    shards[i].file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
  }
  return shards;
}

std::string IndexText(const std::vector<Shard>& shards) {
  nlohmann::json index;
  int64_t total = 0;
  for (const Shard& shard : shards) {
    total += shard.bytes;
    for (const SafetensorsEntry& entry : shard.entries)
      index["weight_map"][entry.name] = shard.file;
  }
  index["metadata"]["total_size"] = total;
  return index.dump(2) + "\n";
}

}  // namespace upcycle
