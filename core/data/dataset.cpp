#include "core/data/dataset.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/checksums.h"
#include "core/data/dataset_format.h"
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

// What was cut from a training source for validation.
int64_t HeldOutTokens(const Dataset& dataset, const std::string& source) {
  if (!dataset.holds_out) return 0;
  for (const TokenSet& set : dataset.validation) {
    if (set.name == source) return set.tokens.count();
  }
  return 0;
}

}  // namespace

std::string NameOf(const SourceSettings& source) {
  return source.name.empty() ? std::string(NameOf(source.kind)) : source.name;
}

Dataset OpenDataset(const fs::path& folder) {
  const json manifest = ReadManifest(folder);
  const std::string damage = FindDamage(folder);
  if (!damage.empty()) Refuse(folder, damage);
  Dataset dataset;
  try {
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
    sources.push_back({set.name, &set.tokens, weight->second, HeldOutTokens(dataset, set.name)});
  }
  UPCYCLE_CHECK_EQ(sources.size(), weights.size());
  return sources;
}

}  // namespace upcycle
