// A dense model that lies somewhere, as the parent of runs: what a recipe's `model.from` names.
#pragma once

#include <string>
#include <vector>

#include "core/fingerprint.h"
#include "core/recipe/settings.h"
#include "core/tokenizers/tokenizer.h"
#include "experiments/formats/model_source.h"

namespace upcycle {

// The settings of the model at `path`, as ModelSource opens it, without its weights being read.
// Throws Error(kInput) for what is no dense model.
ModelSettings ReadParentSettings(const std::string& path);

// Why the model at settings.from is not the one that the other settings ask for, in words that
// follow "model.from names … : "; empty where it is. They may ask for shorter sequences.
struct ParentMistake {
  std::string setting;  // "model.width"
  std::string message;
};
std::vector<ParentMistake> FindParentMistakes(const ModelSettings& settings);

// Of the bytes of its weights and its configuration. Reads all of them.
Fingerprint ModelFingerprint(const ModelSource& source);

// Throws Error(kInput) where the tokenizer has more tokens than the model.
void RequireTokensOf(const Tokenizer& tokenizer, const ModelSource& source);

// Of a model and the tokenizer that its texts become tokens with.
Fingerprint OutsideContent(const ModelSource& source, const Tokenizer& tokenizer);

}  // namespace upcycle
