#include "core/data/document_source.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/data/text_files.h"
#include "core/error.h"

namespace upcycle {

DocumentSource::DocumentSource(const std::vector<std::string>& patterns,
                               std::unique_ptr<DocumentFormat> format)
    : files_(HashTextFiles(patterns)), format_(std::move(format)) {}

void DocumentSource::VisitAll(const Visitor& visit) const {
  for (const CorpusFile& file : files_) {
    const MappedFile mapped = OpenText(file.path);
    format_->Visit(file.path, mapped.text(), visit);
  }
}

// Documents up to this hash are held out. The first call reads the files: what is held out where
// the share reaches none is known at their end.
const Fingerprint& DocumentSource::LastHeldOut(double share) const {
  const auto known = last_held_out_.find(share);
  if (known != last_held_out_.end()) return known->second;
  std::optional<Fingerprint> least, largest;
  VisitAll([&](std::string_view document) {
    const Fingerprint hash = FingerprintOfText(document);
    least = std::min(least.value_or(hash), hash);
    largest = std::max(largest.value_or(hash), hash);
  });
  const Fingerprint none;
  const Fingerprint bound(static_cast<uint64_t>(std::ldexp(share, 64)), 0);
  const Fingerprint last = std::max(bound, least.value_or(none));
  if (last < largest.value_or(none)) return last_held_out_.emplace(share, last).first->second;
  throw Error(Cause::kInput,
              fmt::format("{} has too few different documents to keep {} of them apart for "
                          "validation; give more or name a validation source",
                          files_.front().path.native(), share));
}

void DocumentSource::Visit(const CorpusView& view, const Visitor& visit) const {
  const bool divided = view.held_out > 0;
  const bool validates = view.part == CorpusPart::kValidation;
  const Fingerprint last = divided ? LastHeldOut(view.held_out) : Fingerprint();
  bool found = false;
  VisitAll([&](std::string_view document) {
    found = true;
    if (divided && (FingerprintOfText(document) <= last) != validates) return;
    if (view.seen == nullptr || view.seen->IsNew(document)) visit(document);
  });
  if (found) return;
  throw Error(Cause::kInput,
              fmt::format("{} has no document with a text", files_.front().path.native()));
}

int64_t DocumentSource::EstimateBytes() const { return BytesOf(files_); }

Fingerprint DocumentSource::Identity() const {
  Hasher hasher;
  format_->AddTo(hasher);
  hasher.Add(static_cast<uint64_t>(files_.size()));
  for (const CorpusFile& file : files_) hasher.Add(file.content);
  return hasher.Finish();
}

}  // namespace upcycle
