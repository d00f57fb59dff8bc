// What each setting of a study is worth, where its arms are a full grid of settings (main effects,
// interactions) or sets of changes to its baseline (each alone, and each beside all others).
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "results/comparison/comparison.h"
#include "results/tables/table.h"

namespace upcycle {

struct StudyEffects {
  std::string why_not;       // why this study has none, in a sentence; empty: it has
  bool has_design = false;   // its arms are of one of the two kinds, and some have values
  std::string introduction;  // what they are, in sentences
  std::vector<Table> tables;
};

// `recipe` as it was recorded. p is adjusted by Holm over all effects, apart from the verdicts.
StudyEffects EffectsOf(const Comparison& comparison, const nlohmann::json& recipe);

}  // namespace upcycle
