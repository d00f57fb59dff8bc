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
#include "core/error.h"
#include "core/files.h"
#include "core/tokenizers/bpe_trainer.h"
#include "core/tokenizers/byte_tokenizer.h"

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

// Of each source the same share of its lines, evenly spread, so that the sample has about
// kTokenizerSample bytes. The weights of the blend have no say: one tokenizer serves them all.
std::unique_ptr<Tokenizer> TrainBpeTokenizer(const DatasetSources& sources, int64_t vocabulary) {
  double total = 0;
  for (const NamedCorpus& source : sources.train) {
    total += static_cast<double>(source.corpus->EstimateBytes());
  }
  const double share = kTokenizerSample / total;
  BpeTrainer trainer;
  for (const NamedCorpus& source : sources.train) {
    double read = 0, taken = 0;
    source.corpus->Visit(CorpusPart::kTraining, sources.held_out, [&](std::string_view document) {
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

std::unique_ptr<Tokenizer> MakeTokenizer(const TokenizerSettings& settings,
                                         const DatasetSources& sources) {
  switch (settings.kind) {
    case TokenizerKind::kBytes:
      return std::make_unique<ByteTokenizer>();
    case TokenizerKind::kBpe:
      return TrainBpeTokenizer(sources, settings.vocabulary);
    case TokenizerKind::kFile:
      return Tokenizer::Load(settings.path);
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
        {"train", WriteSets(sources_.train, CorpusPart::kTraining, dataset_format::kTrain)},
        {"validation", WriteSets(named ? sources_.validation : sources_.train,
                                 CorpusPart::kValidation, dataset_format::kValidation)},
        {"questions", WriteQuestions()}};
    WriteFileAtomically(folder_ / dataset_format::kManifest, manifest.dump(2) + "\n");
    WriteChecksums(folder_);
  }

 private:
  json WriteSets(const std::vector<NamedCorpus>& sources, CorpusPart part,
                 const fs::path& place) const {
    MakeDirectories(folder_ / place);
    json sets = json::array();
    for (const NamedCorpus& source : sources) {
      sets.push_back(WriteTokens(source, part, place / (source.name + ".tokens")));
    }
    return sets;
  }

  json WriteTokens(const NamedCorpus& source, CorpusPart part, const fs::path& file) const {
    TokenFileWriter writer(folder_ / file, tokenizer_->Vocabulary());
    const std::array<int32_t, 1> end = {tokenizer_->EndOfText()};
    std::vector<int32_t> tokens;
    source.corpus->Visit(part, sources_.held_out, [&](std::string_view document) {
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
    return {{"name", source.name},
            {"file", file.native()},
            {"tokens", writer.count()},
            {"bytes", writer.text_bytes()},
            {"documents", writer.documents()}};
  }

  // A world that is both trained and validated on asks its questions once.
  json WriteQuestions() const {
    json sets = json::array();
    std::set<Fingerprint> asked;
    std::set<std::string> names;
    for (const auto* sources : {&sources_.train, &sources_.validation}) {
      for (const NamedCorpus& source : *sources) {
        const auto test = source.corpus->TestQuestions();
        if (test.empty() || !asked.insert(source.corpus->Identity()).second) continue;
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
  if (settings.tokenizer.kind == TokenizerKind::kFile) {
    hasher.Add(Tokenizer::Load(settings.tokenizer.path)->Identity());
  } else {
    hasher.Add(static_cast<uint64_t>(VocabularyOf(settings.tokenizer)));
  }
  for (const auto* list : {&sources.train, &sources.validation}) {
    hasher.Add(static_cast<uint64_t>(list->size()));
    for (const NamedCorpus& source : *list) hasher.Add(source.name).Add(source.corpus->Identity());
  }
  hasher.Add(fmt::format("{}", sources.held_out));
  return hasher.Finish();
}

void BuildDataset(const DataSettings& settings, const fs::path& folder) {
  Builder(settings, folder).Build();
}

}  // namespace upcycle
