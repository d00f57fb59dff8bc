#include "core/data/dataset.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/data/dataset_format.h"
#include "core/error.h"
#include "core/files.h"

namespace upcycle {
namespace {

using nlohmann::json;

[[noreturn]] void RefuseManifest(const fs::path& folder, std::string_view what) {
  throw Error(Cause::kInput,
              fmt::format("{} {}; delete {} and run the same command again, which makes it anew",
                          (folder / dataset_format::kManifest).native(), what, folder.native()));
}

json ReadManifest(const fs::path& folder) {
  json manifest = json::parse(ReadTextFile(folder / dataset_format::kManifest), nullptr,
                              /*allow_exceptions=*/false);
  if (!manifest.is_object() || !manifest.contains("format") ||
      !manifest["format"].is_number_integer()) {
    RefuseManifest(folder, "is damaged");
  }
  if (manifest["format"] > dataset_format::kVersion) {
    throw Error(Cause::kInput, fmt::format("{} was written by a newer upcycle (format {}); use "
                                           "that version or another --root",
                                           (folder / dataset_format::kManifest).native(),
                                           manifest["format"].dump()));
  }
  return manifest;
}

std::vector<TokenSet> OpenSets(const fs::path& folder, const json& listed, int64_t vocabulary) {
  std::vector<TokenSet> sets;
  for (const json& entry : listed) {
    const fs::path path = folder / entry.at("file").get<std::string>();
    sets.push_back({entry.at("name").get<std::string>(), TokenFile(path)});
    const TokenFile& tokens = sets.back().tokens;
    tokens.Verify();
    if (tokens.vocabulary() != vocabulary || tokens.count() != entry.at("tokens").get<int64_t>() ||
        tokens.text_bytes() != entry.at("bytes").get<int64_t>()) {
      RefuseManifest(folder, fmt::format("does not agree with {}", path.native()));
    }
  }
  return sets;
}

}  // namespace

std::string NameOf(const SourceSettings& source) {
  return source.name.empty() ? std::string(NameOf(source.kind)) : source.name;
}

Dataset OpenDataset(const fs::path& folder) {
  const json manifest = ReadManifest(folder);
  Dataset dataset;
  try {
    dataset.tokenizer = Tokenizer::Load(folder / dataset_format::kTokenizer);
    const int64_t vocabulary = dataset.tokenizer->Vocabulary();
    dataset.train = OpenSets(folder, manifest.at("train"), vocabulary);
    dataset.validation = OpenSets(folder, manifest.at("validation"), vocabulary);
    for (const json& entry : manifest.at("questions")) {
      dataset.questions.push_back(
          {entry.at("name").get<std::string>(),
           ReadMultipleChoiceCsv(folder / entry.at("dev").get<std::string>()),
           ReadMultipleChoiceCsv(folder / entry.at("test").get<std::string>())});
    }
  } catch (const json::exception&) {
    RefuseManifest(folder, "is damaged");
  }
  return dataset;
}

std::vector<BatchSource> TrainingSources(const Dataset& dataset, const DataSettings& settings) {
  UPCYCLE_CHECK_EQ(dataset.train.size(), settings.train.size());
  std::vector<BatchSource> sources;
  for (size_t i = 0; i < dataset.train.size(); ++i) {
    const TokenSet& set = dataset.train[i];
    UPCYCLE_CHECK_EQ(set.name, NameOf(settings.train[i]));
    sources.push_back({set.name, &set.tokens, settings.train[i].weight});
  }
  return sources;
}

void RequireSequences(const Dataset& dataset, int64_t sequence_length) {
  for (const TokenSet& set : dataset.train) {
    if (set.tokens.count() > sequence_length) continue;
    throw Error(
        Cause::kInput,
        fmt::format("the training source \"{}\" has {} tokens ({} bytes of text), fewer than "
                    "one sequence of {} and its last target: give it more text or lower "
                    "model.sequence_length",
                    set.name, set.tokens.count(), set.tokens.text_bytes(), sequence_length));
  }
}

}  // namespace upcycle
