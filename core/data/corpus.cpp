#include "core/data/corpus.h"

#include <string>

#include "core/check.h"
#include "core/data/atlas/atlas.h"
#include "core/data/document_source.h"
#include "core/data/json_lines.h"
#include "core/data/separated_text.h"
#include "core/data/text_source.h"

namespace upcycle {
namespace {

class AtlasSource final : public Corpus {
 public:
  AtlasSource(int64_t people, int64_t world_seed)
      : people_(people), seed_(static_cast<uint64_t>(world_seed)) {}

  void Visit(const CorpusView& view, const Visitor& visit) const override;
  int64_t EstimateBytes() const override;
  Fingerprint Identity() const override { return atlas::FingerprintOfAtlas(people_, seed_); }
  std::vector<MultipleChoiceItem> DevQuestions() const override { return World().DevQuestions(); }
  std::vector<MultipleChoiceItem> TestQuestions() const override { return World().TestQuestions(); }

 private:
  // Made when it is first needed: identity alone does not need it.
  const atlas::Atlas& World() const {
    if (!atlas_) atlas_ = std::make_unique<atlas::Atlas>(people_, seed_);
    return *atlas_;
  }

  int64_t people_;
  uint64_t seed_;
  mutable std::unique_ptr<atlas::Atlas> atlas_;
};

// A named validation source has as much held-out text as `held_out` gives by default.
constexpr double kDefaultHeldOut = 0.02;

void AtlasSource::Visit(const CorpusView& view, const Visitor& visit) const {
  const bool training = view.part == CorpusPart::kTraining;
  const double held_out = view.held_out > 0 ? view.held_out : kDefaultHeldOut;
  const int64_t count =
      training ? World().training_documents() : World().held_out_documents(held_out);
  for (int64_t i = 0; i < count; ++i) {
    const std::string text = training ? World().TrainingDocument(i) : World().HeldOutDocument(i);
    if (text.empty() || (view.seen != nullptr && !view.seen->IsNew(text))) continue;
    visit(text);
  }
}

int64_t AtlasSource::EstimateBytes() const {
  constexpr int64_t kSample = 64;
  const int64_t count = World().training_documents();
  int64_t bytes = 0;
  for (int64_t i = 0; i < kSample; ++i) {
    bytes += static_cast<int64_t>(World().TrainingDocument(i * count / kSample).size());
  }
  return bytes * count / kSample;
}

}  // namespace

std::unique_ptr<Corpus> OpenCorpus(const SourceSettings& source) {
  switch (source.kind) {
    case SourceKind::kText:
      if (source.separator.empty()) return std::make_unique<TextSource>(source.files);
      return std::make_unique<DocumentSource>(source.files,
                                              std::make_unique<SeparatedText>(source.separator));
    case SourceKind::kAtlas:
      return std::make_unique<AtlasSource>(source.people, source.world_seed);
    case SourceKind::kJsonl:
      return std::make_unique<DocumentSource>(source.files,
                                              std::make_unique<JsonLines>(source.text_key));
    case SourceKind::kTokens:
      break;
  }
  UPCYCLE_CHECK(false);
  return nullptr;
}

}  // namespace upcycle
