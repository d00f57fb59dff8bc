// How much there is to train on, before any of it is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/recipe/settings.h"

namespace upcycle {

// Tokens of a training source, those left out that are held out.
struct SourceSize {
  std::string name;
  double tokens = 0;
  bool is_estimate = false;
};

// In the order of data.train, from the sizes of files: exact for ready-made tokens, near for bytes,
// and for other tokenizers what English has by their number of pieces. Throws Error where a file is
// missing.
std::vector<SourceSize> EstimateSizes(const DataSettings& settings);

// Of a dataset (dataset.h) that was made: exact. Empty where there is none in `folder`.
std::vector<SourceSize> SizesOfDataset(const fs::path& folder);

// How often a training of so many tokens reads each source through, by the blend's weights.
std::vector<double> EpochsOf(const std::vector<SourceSize>& sizes,
                             const std::vector<SourceSettings>& sources, double tokens);

}  // namespace upcycle
