#include "core/data/text_source.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/data/glob.h"
#include "core/data/held_out.h"
#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

Fingerprint FingerprintOf(const MappedFile& file) {
  Hasher hasher;
  hasher.AddBytes(file.bytes().data(), file.bytes().size());
  return hasher.Finish();
}

void RequireUtf8(const fs::path& path, std::string_view text) {
  const size_t valid = ValidUtf8Prefix(text);
  if (valid == text.size()) return;
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(valid), '\n');
  throw Error(Cause::kInput,
              fmt::format("{}:{}: not UTF-8 (byte {} of the file is 0x{:02X}); convert it, as with "
                          "iconv -f latin1 -t utf-8",
                          path.native(), line, valid, static_cast<unsigned char>(text[valid])));
}

}  // namespace

MappedFile OpenText(const fs::path& path) {
  MappedFile file(path);
  if (file.text().empty()) {
    throw Error(Cause::kInput, fmt::format("{} is empty; put text in it, or take it out of the "
                                           "source with \"!{}\"",
                                           path.native(), path.native()));
  }
  return file;
}

TextSource::TextSource(const std::vector<std::string>& patterns) {
  for (const fs::path& path : ExpandGlobs(patterns)) {
    files_.push_back({path, FingerprintOf(OpenText(path))});
  }
  if (files_.empty()) {
    throw Error(Cause::kInput,
                "a text source names no files; give it `files`, a list of paths or globs");
  }
}

void TextSource::Visit(CorpusPart part, double held_out, const Visitor& visit) const {
  std::vector<MappedFile> mapped;
  std::vector<std::string_view> documents;
  for (const auto& [path, content] : files_) {
    mapped.push_back(OpenText(path));
    documents.push_back(mapped.back().text());
    RequireUtf8(path, documents.back());
  }
  if (held_out <= 0) {
    for (const std::string_view document : documents) visit(document);
    return;
  }
  size_t visited = 0;
  for (const TextSpan& span : SplitHeldOut(documents, held_out)) {
    if (span.held_out != (part == CorpusPart::kValidation)) continue;
    visit(documents[span.document].substr(span.begin, span.end - span.begin));
    ++visited;
  }
  if (visited == 0) {
    throw Error(Cause::kInput,
                fmt::format("the text of {} is too short to keep {} of it apart for validation: it "
                            "needs at least two lines; give more text or name a validation source",
                            files_.front().path.native(), held_out));
  }
}

int64_t TextSource::EstimateBytes() const {
  int64_t bytes = 0;
  for (const auto& file : files_) bytes += static_cast<int64_t>(fs::file_size(file.path));
  return bytes;
}

Fingerprint TextSource::Identity() const {
  Hasher hasher;
  hasher.Add("text").Add(static_cast<uint64_t>(files_.size()));
  for (const auto& file : files_) hasher.Add(file.content);
  return hasher.Finish();
}

}  // namespace upcycle
