// The sources of a recipe's data settings, opened and checked against each other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/corpus.h"
#include "core/data/token_source.h"
#include "core/recipe/settings.h"

namespace upcycle {

// Text or ready-made tokens: one of the two is there.
struct NamedSource {
  std::string name;
  std::unique_ptr<Corpus> corpus;
  std::unique_ptr<TokenSource> tokens;

  Fingerprint Identity() const { return corpus ? corpus->Identity() : tokens->Identity(); }
  std::vector<CorpusFile> Files() const { return corpus ? corpus->Files() : tokens->Files(); }
};

struct DatasetSources {
  std::vector<NamedSource> train;
  std::vector<NamedSource> validation;  // empty: `held_out` of each training source
  double held_out = 0;                  // 0 where validation sources are named
  bool deduplicate = false;
};

// Throws Error(kInput) as DatasetFingerprint says.
DatasetSources OpenSources(const DataSettings& settings);

}  // namespace upcycle
