// How a model's tensors fall into files of bounded size, as Hugging Face folders have them:
// model.safetensors alone, or model-00001-of-00003.safetensors and so on with an index beside them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoints/safetensors.h"

namespace upcycle {

struct Shard {
  std::string file;
  std::vector<SafetensorsEntry> entries;  // in the order in which they were given
  int64_t bytes = 0;                      // of the tensors
};

// Fills one shard after the other; a tensor that is larger than `most_bytes` has a shard of its
// own. At least one shard. Entries have distinct names.
std::vector<Shard> PlanShards(const std::vector<SafetensorsEntry>& entries, int64_t most_bytes);

// The content of kIndexFile (tensor_folder.h).
std::string IndexText(const std::vector<Shard>& shards);

}  // namespace upcycle
