#include "experiments/run/asked_model.h"

#include "experiments/formats/parent_model.h"
#include "experiments/run/planned_content.h"

namespace upcycle {
namespace {

ModelBuild BuildFor(const Architecture& architecture) {
  const int64_t length = architecture.model.sequence_length;
  return {{EvaluateSequences(length), length, 1}, Purpose::kEvaluate};
}

}  // namespace

AskedModel::AskedModel(const fs::path& folder, Backend& backend)
    : AskedModel(folder, folder, std::nullopt, backend) {}

AskedModel::AskedModel(const OutsideModel& outside, Backend& backend)
    : AskedModel(outside.model, outside.tokenizer, outside.content, backend) {}

AskedModel::AskedModel(const fs::path& model, const fs::path& tokenizer,
                       std::optional<Fingerprint> content, Backend& backend)
    : source_(model),
      tokenizer_(Tokenizer::Load(tokenizer)),
      model_(backend, source_.architecture(), BuildFor(source_.architecture())) {
  if (content) {
    RequirePlanned(model.native() + " or its tokenizer", OutsideContent(source_, *tokenizer_),
                   *content);
  }
  RequireTokensOf(*tokenizer_, source_);
  source_.CopyTo(model_.parameters(), backend);
}

}  // namespace upcycle
