#include "core/data/token_source.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/data/glob.h"
#include "core/data/megatron_index.h"
#include "core/error.h"

namespace upcycle {
namespace {

// The largest piece of a dump that is held out or not as a whole.
constexpr int64_t kPieceTokens = 8192;

fs::path WithExtension(fs::path path, const char* extension) {
  return path.replace_extension(extension);
}

// Each 1/share-th of many, the first from the middle of its neighbours.
bool IsChosen(int64_t place, double share) {
  const auto chosen_before = [share](int64_t count) {
    return std::floor(static_cast<double>(count) * share + 0.5);
  };
  return chosen_before(place + 1) > chosen_before(place);
}

}  // namespace

TokenElement ElementOf(TokenType type) {
  return type == TokenType::kUint16 ? TokenElement::kUint16 : TokenElement::kUint32;
}

TokenSource::TokenSource(const std::vector<fs::path>& files, TokenElement bare) : bare_(bare) {
  for (const fs::path& path : files) Open(path);
}

TokenSource TokenSource::Find(const SourceSettings& source) {
  const std::vector<fs::path> files = ExpandGlobs(source.files);
  if (files.empty()) {
    throw Error(Cause::kInput,
                "a source of tokens names no files; give it `files`, a list of paths or globs");
  }
  return TokenSource(files, ElementOf(source.token_type));
}

void TokenSource::Open(const fs::path& path) {
  const bool named_index = path.extension() == ".idx";
  const fs::path data = named_index ? WithExtension(path, ".bin") : path;
  const fs::path index = WithExtension(path, ".idx");
  const bool opened = std::any_of(files_.begin(), files_.end(),
                                  [&](const File& file) { return file.array->path() == data; });
  if (opened) return;
  const bool indexed = data.extension() == ".bin" && (named_index || fs::exists(index));
  if (!indexed) {
    auto array = std::make_shared<const TokenArray>(OpenTokenDump(data, bare_));
    const TokenSpan whole = {0, array->count()};
    files_.push_back({std::move(array), {}, {whole}, {}});
    return;
  }
  MappedFile file(data);
  const auto bytes = static_cast<int64_t>(file.bytes().size());
  MegatronIndex read = ReadMegatronIndex(index, bytes);
  auto array = std::make_shared<const TokenArray>(data, std::move(file), read.element, 0,
                                                  bytes / BytesOf(read.element));
  files_.push_back({std::move(array), index, std::move(read.spans), std::move(read.ends)});
}

const std::vector<CorpusFile>& TokenSource::Contents() const {
  if (!contents_.empty()) return contents_;
  const auto add = [this](const fs::path& path) {
    contents_.push_back({path, FingerprintOfFile(path)});
  };
  for (const File& file : files_) {
    add(file.array->path());
    if (!file.index.empty()) add(file.index);
  }
  return contents_;
}

std::vector<CorpusFile> TokenSource::Files() const {
  std::vector<CorpusFile> files;
  for (const CorpusFile& file : Contents()) {
    if (file.path.extension() != ".idx") files.push_back(file);
  }
  return files;
}

Fingerprint TokenSource::Identity() const {
  Hasher hasher;
  hasher.Add("tokens");
  for (const CorpusFile& file : Contents()) hasher.Add(file.content);
  for (const File& file : files_) {
    hasher.Add(static_cast<uint64_t>(file.array->element()));
    hasher.Add(static_cast<uint64_t>(file.array->count()));
    hasher.Add(static_cast<uint64_t>(file.ends.size()));
  }
  return hasher.Finish();
}

int64_t TokenSource::CountTokens() const {
  int64_t count = 0;
  for (const File& file : files_) {
    for (const TokenSpan& span : file.spans) count += span.count;
  }
  return count;
}

template <typename Visitor>
void TokenSource::ForUnits(int64_t piece_tokens, const Visitor& visit) const {
  for (const File& file : files_) {
    const std::span<const TokenSpan> spans(file.spans);
    int64_t begin = 0;
    for (const int64_t end : file.ends) {
      visit(file, spans.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
      begin = end;
    }
    if (!file.ends.empty()) continue;
    const int64_t count = file.array->count();
    for (int64_t at = 0; at < count; at += piece_tokens) {
      const TokenSpan piece = {at, std::min(piece_tokens, count - at)};
      visit(file, std::span<const TokenSpan>(&piece, 1));
    }
  }
}

std::unique_ptr<TokenPieces> TokenSource::Part(CorpusPart part, double held_out) const {
  auto pieces = std::make_unique<TokenPieces>();
  int64_t documents = 0;
  bool indexed = true;
  const auto add = [&](const File& file, std::span<const TokenSpan> spans) {
    for (const TokenSpan& span : spans) pieces->Add(file.array, span.begin, span.count);
    ++documents;
    indexed &= !file.index.empty();
  };
  if (held_out > 0) {
    ForPart(part, held_out, add);
  } else {
    ForUnits(kPieceTokens, add);
  }
  if (indexed) pieces->set_documents(documents);
  return pieces;
}

template <typename Visitor>
void TokenSource::ForPart(CorpusPart part, double held_out, const Visitor& visit) const {
  const double wanted = held_out * static_cast<double>(CountTokens());
  const auto piece = static_cast<int64_t>(std::clamp(wanted, 1.0, double{kPieceTokens}));
  int64_t units = 0, chosen = 0;
  ForUnits(piece,
           [&](const File&, std::span<const TokenSpan>) { chosen += IsChosen(units++, held_out); });
  if (units < 2) {
    throw Error(Cause::kInput,
                fmt::format("{} has too few documents to keep {} of them apart for validation; "
                            "give more or name a validation source",
                            files_.front().array->path().native(), held_out));
  }
  int64_t unit = 0;
  ForUnits(piece, [&](const File& file, std::span<const TokenSpan> spans) {
    const bool validates = chosen > 0 ? IsChosen(unit, held_out) : unit == units / 2;
    if (validates == (part == CorpusPart::kValidation)) visit(file, spans);
    ++unit;
  });
}

void TokenSource::RequireTokens(int64_t vocabulary) const {
  for (const File& file : files_) {
    const auto found = file.array->FindNoToken(vocabulary);
    if (!found) continue;
    throw Error(
        Cause::kInput,
        fmt::format("{}: element {} is {}, and tokens are from 0 to {}; name the tokenizer "
                    "that made the file, as in data.tokenizer: {{kind: file, path: FOLDER, "
                    "vocabulary: N}}, or its size, {{kind: none, vocabulary: N}}",
                    file.array->path().native(), found->place, found->value, vocabulary - 1));
  }
}

}  // namespace upcycle
