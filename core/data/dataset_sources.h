// The sources of a recipe's data settings, opened and checked against each other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/corpus.h"
#include "core/recipe/settings.h"

namespace upcycle {

struct NamedCorpus {
  std::string name;
  std::unique_ptr<Corpus> corpus;
};

struct DatasetSources {
  std::vector<NamedCorpus> train;
  std::vector<NamedCorpus> validation;  // empty: `held_out` of each training source
  double held_out = 0;                  // 0 where validation sources are named
};

// Throws Error(kInput) as DatasetFingerprint says.
DatasetSources OpenSources(const DataSettings& settings);

}  // namespace upcycle
