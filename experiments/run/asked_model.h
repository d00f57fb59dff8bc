// A model that is asked something, with its tokenizer: what a stage left, or one from outside.
#pragma once

#include <memory>
#include <optional>

#include "core/files.h"
#include "core/fingerprint.h"
#include "core/tokenizers/tokenizer.h"
#include "experiments/formats/model_source.h"
#include "experiments/model/transformer.h"
#include "experiments/run/outside_model.h"

namespace upcycle {

class AskedModel {
 public:
  // A run's model, whose tokenizer lies beside it. Both throw Error(kInput) where the tokenizer has
  // more tokens than the model.
  AskedModel(const fs::path& folder, Backend& backend);
  // Throws Error(kInput), too, where the files have changed.
  AskedModel(const OutsideModel& outside, Backend& backend);

  Transformer& model() { return model_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  AskedModel(const fs::path& model, const fs::path& tokenizer, std::optional<Fingerprint> content,
             Backend& backend);

  ModelSource source_;
  std::unique_ptr<Tokenizer> tokenizer_;
  Transformer model_;
};

}  // namespace upcycle
