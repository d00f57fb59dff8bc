#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksums.h"
#include "core/data/dataset.h"
#include "core/data/dataset_format.h"
#include "core/data/dataset_sources.h"
#include "core/data/file_mistakes.h"
#include "core/data/token_description.h"
#include "core/data/token_file.h"
#include "core/error.h"
#include "core/files.h"
#include "core/tokenizers/bpe_trainer.h"
#include "core/tokenizers/byte_tokenizer.h"
#include "core/tokenizers/id_tokenizer.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Raised by every change that gives other tokens, another split or another tokenizer.
constexpr uint64_t kContentVersion = 1;

constexpr size_t kEncodedAtOnce = 1 << 20;  // bytes, rounded up to where text may be cut
constexpr double kTokenizerSample = 20e6;   // bytes of text that a tokenizer is trained on

// The line at the beginning of `text`, with its end.
std::string_view FirstLine(std::string_view text) {
  const size_t newline = text.find('\n');
  return newline == std::string_view::npos ? text : text.substr(0, newline + 1);
}

// The documents of named validation sources: text that is trained on must not repeat them.
std::unique_ptr<SeenDocuments> HeldOutDocuments(const DatasetSources& sources) {
  auto seen = std::make_unique<SeenDocuments>();
  const CorpusView view = {CorpusPart::kValidation, 0, seen.get()};
  for (const NamedSource& source : sources.validation) {
    if (source.corpus) source.corpus->Visit(view, [](std::string_view) {});
  }
  seen->StartCount();
  return seen;
}

// Of each source the same share of its lines, evenly spread, so that the sample has about
// kTokenizerSample bytes. The weights of the blend have no say: one tokenizer serves them all.
std::unique_ptr<Tokenizer> TrainBpeTokenizer(const DatasetSources& sources, int64_t vocabulary) {
  double total = 0;
  for (const NamedSource& source : sources.train) {
    total += static_cast<double>(source.corpus->EstimateBytes());
  }
  const double share = kTokenizerSample / total;
  const auto seen = sources.deduplicate ? HeldOutDocuments(sources) : nullptr;
  const CorpusView view = {CorpusPart::kTraining, sources.held_out, seen.get()};
  BpeTrainer trainer;
  for (const NamedSource& source : sources.train) {
    double read = 0, taken = 0;
    source.corpus->Visit(view, [&](std::string_view document) {
      while (!document.empty()) {
        const std::string_view line = FirstLine(document);
        document.remove_prefix(line.size());
        read += static_cast<double>(line.size());
        if (share < 1 && taken > share * read) continue;
        taken += static_cast<double>(line.size());
        trainer.Add(line);
      }
    });
  }
  return trainer.Train(vocabulary);
}

std::unique_ptr<Tokenizer> LoadTokenizer(const TokenizerSettings& settings) {
  auto tokenizer = Tokenizer::Load(settings.path);
  if (const std::string mistake = WrongVocabulary(settings, *tokenizer); !mistake.empty()) {
    throw Error(Cause::kInput, mistake);
  }
  return tokenizer;
}

std::unique_ptr<Tokenizer> MakeTokenizer(const TokenizerSettings& settings,
                                         const DatasetSources& sources) {
  switch (settings.kind) {
    case TokenizerKind::kBytes:
      return std::make_unique<ByteTokenizer>();
    case TokenizerKind::kBpe:
      return TrainBpeTokenizer(sources, settings.vocabulary);
    case TokenizerKind::kFile:
      return LoadTokenizer(settings);
    case TokenizerKind::kNone:
      return std::make_unique<IdTokenizer>(settings.vocabulary,
                                           static_cast<int32_t>(settings.EndOfText()));
  }
  return nullptr;
}

class Builder {
 public:
  Builder(const DataSettings& settings, const fs::path& folder)
      : sources_(OpenSources(settings)),
        tokenizer_(MakeTokenizer(settings.tokenizer, sources_)),
        folder_(folder) {}

  void Build() const {
    MakeDirectories(folder_ / dataset_format::kTokenizer);
    tokenizer_->Save(folder_ / dataset_format::kTokenizer);
    const bool named = !sources_.validation.empty();
    const json manifest = {
        {"format", dataset_format::kVersion},
        {"vocabulary", tokenizer_->Vocabulary()},
        {"holds_out", !named},
        {"train", WriteTraining()},
        {"validation", WriteValidation(named ? sources_.validation : sources_.train)},
        {"questions", WriteQuestions()}};
    WriteFileAtomically(folder_ / dataset_format::kManifest, manifest.dump(2) + "\n");
    WriteChecksums(folder_);
  }

 private:
  json WriteTraining() const {
    const auto seen = sources_.deduplicate ? HeldOutDocuments(sources_) : nullptr;
    return WriteSets(sources_.train, {CorpusPart::kTraining, sources_.held_out, seen.get()},
                     dataset_format::kTrain);
  }

  json WriteValidation(const std::vector<NamedSource>& sources) const {
    SeenDocuments seen;
    return WriteSets(
        sources,
        {CorpusPart::kValidation, sources_.held_out, sources_.deduplicate ? &seen : nullptr},
        dataset_format::kValidation);
  }

  json WriteSets(const std::vector<NamedSource>& sources, const CorpusView& view,
                 const fs::path& place) const {
    MakeDirectories(folder_ / place);
    json sets = json::array();
    for (const NamedSource& source : sources) {
      sets.push_back(source.corpus
                         ? WriteTokens(source, view, place / (source.name + ".tokens"))
                         : WriteDescription(source, view,
                                            place / (source.name + dataset_format::kDescription)));
    }
    return sets;
  }

  json WriteTokens(const NamedSource& source, const CorpusView& view, const fs::path& file) const {
    TokenFileWriter writer(folder_ / file, tokenizer_->Vocabulary());
    const std::array<int32_t, 1> end = {tokenizer_->EndOfText()};
    std::vector<int32_t> tokens;
    if (view.seen != nullptr) view.seen->StartCount();
    source.corpus->Visit(view, [&](std::string_view document) {
      while (!document.empty()) {
        const std::string_view piece =
            document.substr(0, tokenizer_->CutAfter(document, kEncodedAtOnce));
        document.remove_prefix(piece.size());
        tokens.clear();
        tokenizer_->Encode(piece, tokens);
        writer.Append(tokens, static_cast<int64_t>(piece.size()));
      }
      writer.Append(end, 0);
      writer.EndDocument();
    });
    writer.Commit();
    json set = {{"name", source.name},
                {"file", file.native()},
                {"tokens", writer.count()},
                {"bytes", writer.text_bytes()},
                {"documents", writer.documents()}};
    if (view.seen != nullptr) {
      set["repeated_documents"] = view.seen->repeated();
      set["repeated_bytes"] = view.seen->repeated_bytes();
    }
    return set;
  }

  json WriteDescription(const NamedSource& source, const CorpusView& view,
                        const fs::path& file) const {
    source.tokens->RequireTokens(tokenizer_->Vocabulary());
    const auto part = source.tokens->Part(view.part, view.held_out);
    const int64_t bytes = view.part == CorpusPart::kValidation ? TextBytesOf(*part) : 0;
    const json description = DescribeTokens(*source.tokens, view.part, view.held_out, bytes);
    WriteFileAtomically(folder_ / file, description.dump(2) + "\n");
    return {{"name", source.name},
            {"file", file.native()},
            {"tokens", part->count()},
            {"bytes", bytes},
            {"documents", part->documents()}};
  }

  // Of tokens that the tokenizer can read; 0 where it cannot.
  int64_t TextBytesOf(const Tokens& tokens) const {
    constexpr int64_t kAtOnce = 1 << 16;
    std::vector<int32_t> part;
    int64_t bytes = 0;
    for (int64_t begin = 0; begin < tokens.count(); begin += kAtOnce) {
      part.resize(static_cast<size_t>(std::min(kAtOnce, tokens.count() - begin)));
      tokens.Read(begin, part);
      bytes += static_cast<int64_t>(tokenizer_->Decode(part).size());
    }
    return bytes;
  }

  // A world that is both trained and validated on asks its questions once.
  json WriteQuestions() const {
    json sets = json::array();
    std::set<Fingerprint> asked;
    std::set<std::string> names;
    for (const auto* sources : {&sources_.train, &sources_.validation}) {
      for (const NamedSource& source : *sources) {
        if (!source.corpus) continue;
        const auto test = source.corpus->TestQuestions();
        if (test.empty() || !asked.insert(source.Identity()).second) continue;
        std::string name = source.name;
        while (!names.insert(name).second) name += "-validation";
        sets.push_back(WriteQuestionSet(name, source.corpus->DevQuestions(), test));
      }
    }
    return sets;
  }

  json WriteQuestionSet(const std::string& name, const std::vector<MultipleChoiceItem>& dev,
                        const std::vector<MultipleChoiceItem>& test) const {
    const fs::path place = fs::path(dataset_format::kQuestions) / name;
    MakeDirectories(folder_ / place);
    WriteFileAtomically(folder_ / place / "dev.csv", FormatMultipleChoiceCsv(dev));
    WriteFileAtomically(folder_ / place / "test.csv", FormatMultipleChoiceCsv(test));
    return {{"name", name},
            {"dev", (place / "dev.csv").native()},
            {"test", (place / "test.csv").native()},
            {"dev_questions", dev.size()},
            {"test_questions", test.size()}};
  }

  DatasetSources sources_;
  std::unique_ptr<Tokenizer> tokenizer_;
  fs::path folder_;
};

}  // namespace

Fingerprint DatasetFingerprint(const DataSettings& settings) {
  const DatasetSources sources = OpenSources(settings);
  Hasher hasher;
  hasher.Add("dataset").Add(kContentVersion).Add(NameOf(settings.tokenizer.kind));
  hasher.Add(static_cast<uint64_t>(VocabularyOf(settings.tokenizer)));
  for (const auto* list : {&sources.train, &sources.validation}) {
    hasher.Add(static_cast<uint64_t>(list->size()));
    for (const NamedSource& source : *list) hasher.Add(source.name).Add(source.Identity());
  }
  hasher.Add(fmt::format("{}", sources.held_out));
  if (settings.tokenizer.kind == TokenizerKind::kFile) {
    hasher.Add(LoadTokenizer(settings.tokenizer)->Identity());
  }
  if (settings.tokenizer.kind == TokenizerKind::kNone) {
    hasher.Add("end of text").Add(static_cast<uint64_t>(settings.tokenizer.EndOfText()));
  }
  if (sources.deduplicate) hasher.Add("deduplicated");
  return hasher.Finish();
}

void BuildDataset(const DataSettings& settings, const fs::path& folder) {
  Builder(settings, folder).Build();
}

}  // namespace upcycle
