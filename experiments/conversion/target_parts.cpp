#include "experiments/conversion/target_parts.h"

namespace upcycle {
namespace {

// So many bytes of a source stay mapped.
constexpr int64_t kMappedBytes = 64 << 20;

}  // namespace

TargetParts::TargetParts(const std::vector<std::unique_ptr<ModelSource>>& sources,
                         const ConversionSettings& settings, const Architecture& target)
    : sources_(sources) {
  for (const auto& source : sources) {
    parents_.push_back([this, &source](const Part& part, int64_t begin, std::span<float> out) {
      ReadSource(*source, part, begin, out);
    });
  }
  if (settings.mixture) upcycler_.emplace(target, settings.mixture->upcycle, settings.seed);
}

void TargetParts::ReadSource(const ModelSource& source, const Part& part, int64_t begin,
                             std::span<float> out) {
  source.ReadRows(part, begin, out);
  mapped_ += static_cast<int64_t>(out.size_bytes());
  if (mapped_ < kMappedBytes) return;
  source.ReleaseAll();
  mapped_ = 0;
}

const UpcycledPart& TargetParts::Upcycled(const Part& part) {
  if (!made_ || !(made_of_ == part)) {
    made_.emplace(*upcycler_, part, parents_);
    made_of_ = part;
  }
  return *made_;
}

void TargetParts::Read(const Part& part, int64_t begin, std::span<float> out) {
  if (upcycler_) return Upcycled(part).Fill(begin, out);
  parents_.front()(part, begin, out);
}

void TargetParts::Prefetch(const StoredTensor& tensor) const {
  for (const Part& part : tensor.parts) {
    const bool is_made = part.expert >= 0 || IsOfSharedExpert(part.kind);
    const Part dense = is_made ? Part{DenseKindOf(part.kind), part.layer} : part;
    for (const auto& source : sources_) source->Prefetch(upcycler_ ? dense : part);
  }
}

std::optional<Original> TargetParts::OriginalOf(const StoredTensor& tensor) {
  size_t parent = 0;
  std::vector<Part> parts;
  for (const Part& part : tensor.parts) {
    if (!upcycler_) {
      parts.push_back(part);
      continue;
    }
    const auto copied = Upcycled(part).CopyOf();
    if (!copied || (!parts.empty() && copied->parent != parent)) return {};
    parent = copied->parent;
    parts.push_back(copied->part);
  }
  const ModelSource& source = *sources_[parent];
  const StoredTensor* original = source.Find(parts, tensor);
  if (original == nullptr) return {};
  return Original{&source, original};
}

}  // namespace upcycle
