// What a conversion will write: which folders, files and tensors. It is decided without a weight
// being read, so it can be asked of models that are not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoints/shards.h"
#include "core/files.h"
#include "core/recipe/mixture.h"
#include "experiments/conversion/parallel_layout.h"
#include "experiments/formats/formats.h"
#include "experiments/formats/stored_tensors.h"
#include "experiments/model/architecture.h"

namespace upcycle {

// As Hugging Face's writers choose it.
inline constexpr int64_t kUsualShardBytes = 5'000'000'000;

struct ConversionSettings {
  std::optional<Mixture> mixture = {};       // none: the model stays what it is
  uint64_t seed = 0;                         // of routers and whatever else is drawn
  std::optional<Format> format = {};         // none: that of a class that computes the model
  std::optional<SafetensorsType> type = {};  // none: the source's
  int64_t shard_bytes = kUsualShardBytes;
  std::optional<ParallelLayout> layout = {};  // one folder a rank
  std::optional<ParallelRank> rank = {};      // of these, this one alone
  fs::path tokenizer = {};                    // a folder or file; empty: beside the source
};

// A folder of weights: the whole model, or a rank's share.
struct ConvertedFolder {
  std::string name;  // in the output; empty for the whole model
  std::optional<RankShare> share;
  StoredTensors tensors;
  std::vector<Shard> shards;
  int64_t bytes = 0;
};

struct ConversionPlan {
  Architecture target;
  Format format = Format::kDense;
  SafetensorsType type = SafetensorsType::kF32;
  std::vector<ConvertedFolder> folders;

  int64_t Bytes() const;
  int64_t Files() const;
};

// `type` is the source's. Throws Error(kInput) where no class computes the target (FormatOf), the
// format asked for does not, or a layout does not divide it.
ConversionPlan PlanConversion(const Architecture& source, SafetensorsType type,
                              const ConversionSettings& settings);

}  // namespace upcycle
