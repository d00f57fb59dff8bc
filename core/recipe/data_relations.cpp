#include "core/recipe/data_relations.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/recipe/cost.h"

namespace upcycle {
namespace {

class DataRelations {
 public:
  DataRelations(const RunSettings& settings, std::vector<Violation>& violations)
      : s_(settings), violations_(violations) {}

  void Find() {
    if (s_.data.train.empty()) {
      Error({"data.train"}, "there is nothing to train on",
            "data.train to have a source, such as {kind: atlas}");
    }
    CheckTokenizer();
    CheckSources(s_.data.train, "data.train");
    CheckSources(s_.data.validation, "data.validation");
    CheckVocabulary();
  }

 private:
  void Error(std::vector<std::string> paths, std::string message, std::string expected = {}) {
    violations_.push_back(
        {Severity::kError, std::move(paths), std::move(message), std::move(expected)});
  }
  void Warning(std::vector<std::string> paths, std::string message, std::string expected = {}) {
    violations_.push_back(
        {Severity::kWarning, std::move(paths), std::move(message), std::move(expected)});
  }

  void CheckSources(const std::vector<SourceSettings>& sources, const char* list) {
    for (size_t i = 0; i < sources.size(); ++i) {
      const SourceSettings& source = sources[i];
      const auto path = [&](const char* key) { return fmt::format("{}.{}.{}", list, i, key); };
      if (source.kind != SourceKind::kAtlas && source.files.empty()) {
        Error({path("files"), path("kind")},
              fmt::format("a {} source without files", NameOf(source.kind)),
              "files: a path, a glob, or a list of them");
      }
      CheckTokenizerOf(source, path("kind"));
      if (source.kind == SourceKind::kAtlas && !source.files.empty()) {
        Warning({path("files")}, "the atlas is generated: its files are not read");
      }
      const std::string name = SourceName(source);
      const bool repeated =
          std::any_of(sources.begin(), sources.begin() + static_cast<int64_t>(i),
                      [&](const SourceSettings& other) { return SourceName(other) == name; });
      if (repeated) {
        Error({path("name"), path("kind")}, fmt::format("two sources are named {}", name),
              "a name of its own for each source of a list");
      }
    }
  }

  void CheckTokenizerOf(const SourceSettings& source, const std::string& kind) {
    const TokenizerKind tokenizer = s_.data.tokenizer.kind;
    const bool ready = source.kind == SourceKind::kTokens;
    if (ready && tokenizer == TokenizerKind::kBpe) {
      Error({"data.tokenizer.kind", "data.tokenizer", kind},
            "a tokenizer that is trained on this recipe's text made no ready-made tokens",
            "tokenizer: {kind: file, path: FOLDER, vocabulary: N} of the tokenizer that did, or "
            "where that is not at hand {kind: none, vocabulary: N}");
    }
    if (!ready && tokenizer == TokenizerKind::kNone) {
      Error({kind, "data.tokenizer.kind", "data.tokenizer"},
            "without a tokenizer, text cannot become tokens",
            "kind: tokens for every source, or a tokenizer");
    }
    if (ready && s_.data.deduplicate) {
      Warning({"data.deduplicate"},
              fmt::format("ready-made tokens are read as they are: documents of {} may repeat",
                          SourceName(source)));
    }
  }

  void CheckTokenizer() {
    const TokenizerSettings& tokenizer = s_.data.tokenizer;
    if (tokenizer.kind == TokenizerKind::kBpe && (tokenizer.vocabulary < kSmallestBpeVocabulary ||
                                                  tokenizer.vocabulary > kLargestBpeVocabulary)) {
      Error({"data.tokenizer.vocabulary", "data.tokenizer"},
            fmt::format("a bpe tokenizer cannot have {} pieces", tokenizer.vocabulary),
            fmt::format("data.tokenizer.vocabulary from {} to {}", kSmallestBpeVocabulary,
                        kLargestBpeVocabulary));
    }
    if (tokenizer.kind == TokenizerKind::kFile && tokenizer.path.empty()) {
      Error({"data.tokenizer.kind", "data.tokenizer"}, "a tokenizer of a file that is not named",
            "tokenizer: {kind: file, path: …}, a folder or a file");
    }
    if (tokenizer.kind == TokenizerKind::kNone && tokenizer.EndOfText() >= tokenizer.vocabulary) {
      Error({"data.tokenizer.end_of_text", "data.tokenizer.vocabulary"},
            fmt::format("token {} is none of {}", tokenizer.end_of_text, tokenizer.vocabulary),
            fmt::format("data.tokenizer.end_of_text below {}", tokenizer.vocabulary));
    }
  }

  void CheckVocabulary() {
    const TokenizerSettings& tokenizer = s_.data.tokenizer;
    const bool is_file = tokenizer.kind == TokenizerKind::kFile;
    // A model that is read has as many rows as it has.
    const int64_t pieces = is_file ? tokenizer.vocabulary : Vocabulary(tokenizer);
    if (s_.model.vocabulary == 0 || s_.model.vocabulary >= pieces) return;
    Error({"model.vocabulary", "data.tokenizer.vocabulary", "data.tokenizer.kind", "model.name"},
          fmt::format("the model's embedding of {} rows has none for some of {} tokens",
                      s_.model.vocabulary, pieces),
          fmt::format("a model.vocabulary of at least {} (0: that of the tokenizer), or a "
                      "tokenizer of at most {} tokens",
                      pieces, s_.model.vocabulary));
  }

  const RunSettings& s_;
  std::vector<Violation>& violations_;
};

}  // namespace

void FindDataViolations(const RunSettings& settings, std::vector<Violation>& violations) {
  DataRelations(settings, violations).Find();
}

}  // namespace upcycle
