#include "core/data/text_source.h"

#include <string_view>

#include <fmt/format.h>

#include "core/data/held_out.h"
#include "core/data/text_files.h"
#include "core/error.h"
#include "core/utf8_file.h"

namespace upcycle {

TextSource::TextSource(const std::vector<std::string>& patterns)
    : files_(HashTextFiles(patterns)) {}

void TextSource::Visit(const CorpusView& view, const Visitor& visit) const {
  std::vector<MappedFile> mapped;
  std::vector<std::string_view> documents;
  for (const auto& [path, content] : files_) {
    MappedFile file = OpenText(path);
    RequireUtf8(path, file.text());
    if (view.seen != nullptr && !view.seen->IsNew(file.text())) continue;
    documents.push_back(file.text());
    mapped.push_back(std::move(file));
  }
  if (view.held_out <= 0 || documents.empty()) {
    for (const std::string_view document : documents) visit(document);
    return;
  }
  size_t visited = 0;
  for (const TextSpan& span : SplitHeldOut(documents, view.held_out)) {
    if (span.held_out != (view.part == CorpusPart::kValidation)) continue;
    visit(documents[span.document].substr(span.begin, span.end - span.begin));
    ++visited;
  }
  if (visited == 0) {
    throw Error(Cause::kInput,
                fmt::format("the text of {} is too short to keep {} of it apart for validation: it "
                            "needs at least two lines; give more text or name a validation source",
                            files_.front().path.native(), view.held_out));
  }
}

int64_t TextSource::EstimateBytes() const { return BytesOf(files_); }

Fingerprint TextSource::Identity() const {
  Hasher hasher;
  hasher.Add("text").Add(static_cast<uint64_t>(files_.size()));
  for (const auto& file : files_) hasher.Add(file.content);
  return hasher.Finish();
}

}  // namespace upcycle
