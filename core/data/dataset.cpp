#include "core/data/dataset.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/checksums.h"
#include "core/data/dataset_format.h"
#include "core/data/token_description.h"
#include "core/data/token_file.h"
#include "core/error.h"
#include "core/files.h"

namespace upcycle {
namespace {

using nlohmann::json;

[[noreturn]] void Refuse(const fs::path& folder, std::string_view damage) {
  throw Error(Cause::kInput,
              fmt::format("{}; delete {} and run the same command again, which makes it anew",
                          damage, folder.native()));
}

[[noreturn]] void RefuseManifest(const fs::path& folder, std::string_view what) {
  Refuse(folder, fmt::format("{} {}", (folder / dataset_format::kManifest).native(), what));
}

json ReadManifest(const fs::path& folder) {
  const fs::path path = folder / dataset_format::kManifest;
  if (!fs::exists(path)) RefuseManifest(folder, "is missing");
  json manifest = json::parse(ReadTextFile(path), nullptr, /*allow_exceptions=*/false);
  if (!manifest.is_object() || !manifest.contains("format") ||
      !manifest["format"].is_number_integer()) {
    RefuseManifest(folder, "is damaged");
  }
  if (manifest["format"] > dataset_format::kVersion) {
    throw Error(Cause::kInput, fmt::format("{} was written by a newer upcycle (format {}); use "
                                           "that version or another --root",
                                           path.native(), manifest["format"].dump()));
  }
  return manifest;
}

// Null where the file is of another vocabulary.
std::unique_ptr<const Tokens> OpenOwn(const fs::path& path, int64_t vocabulary) {
  auto tokens = std::make_unique<TokenFile>(path);
  tokens->Verify();
  if (tokens->vocabulary() != vocabulary) return nullptr;
  return tokens;
}

std::unique_ptr<const Tokens> OpenDescribed(const fs::path& path) {
  return OpenDescribedTokens(json::parse(ReadTextFile(path)));
}

std::vector<TokenSet> OpenSets(const fs::path& folder, const json& listed, int64_t vocabulary) {
  std::vector<TokenSet> sets;
  for (const json& entry : listed) {
    const fs::path path = folder / entry.at("file").get<std::string>();
    TokenSet& set = sets.emplace_back();
    set.name = entry.at("name").get<std::string>();
    set.documents = entry.at("documents").get<int64_t>();
    set.repeated_documents = entry.value("repeated_documents", int64_t{0});
    set.repeated_bytes = entry.value("repeated_bytes", int64_t{0});
    set.tokens = path.extension() == dataset_format::kDescription ? OpenDescribed(path)
                                                                  : OpenOwn(path, vocabulary);
    if (set.tokens == nullptr || set.tokens->count() != entry.at("tokens").get<int64_t>() ||
        set.tokens->text_bytes() != entry.at("bytes").get<int64_t>()) {
      RefuseManifest(folder, fmt::format("does not agree with {}", path.native()));
    }
  }
  return sets;
}

// What was cut from a training source for validation.
int64_t HeldOutTokens(const Dataset& dataset, const std::string& source) {
  if (!dataset.holds_out) return 0;
  for (const TokenSet& set : dataset.validation) {
    if (set.name == source) return set.tokens->count();
  }
  return 0;
}

}  // namespace

std::string NameOf(const SourceSettings& source) {
  return source.name.empty() ? std::string(NameOf(source.kind)) : source.name;
}

std::string FindDatasetDamage(const fs::path& folder) {
  std::string damage = FindDamage(folder);
  for (const char* part : {dataset_format::kTrain, dataset_format::kValidation}) {
    if (!damage.empty() || !fs::exists(folder / part)) continue;
    for (const auto& entry : fs::directory_iterator(folder / part)) {
      if (entry.path().extension() != dataset_format::kDescription) continue;
      damage = FindChangeOfTokens(json::parse(ReadTextFile(entry.path())));
      if (!damage.empty()) break;
    }
  }
  return damage;
}

Dataset OpenDataset(const fs::path& folder) {
  const json manifest = ReadManifest(folder);
  Dataset dataset;
  try {
    const std::string damage = FindDatasetDamage(folder);
    if (!damage.empty()) Refuse(folder, damage);
    dataset.tokenizer = Tokenizer::Load(folder / dataset_format::kTokenizer);
    const int64_t vocabulary = dataset.tokenizer->Vocabulary();
    dataset.holds_out = manifest.value("holds_out", false);
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

std::vector<BatchSource> TrainingSources(const Dataset& dataset,
                                         const std::map<std::string, double>& weights) {
  std::vector<BatchSource> sources;
  for (const TokenSet& set : dataset.train) {
    const auto weight = weights.find(set.name);
    if (weight == weights.end()) continue;
    sources.push_back(
        {set.name, set.tokens.get(), weight->second, HeldOutTokens(dataset, set.name)});
  }
  UPCYCLE_CHECK_EQ(sources.size(), weights.size());
  return sources;
}

}  // namespace upcycle
