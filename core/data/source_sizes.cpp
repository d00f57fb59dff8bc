#include "core/data/source_sizes.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/data/dataset.h"
#include "core/data/dataset_format.h"
#include "core/data/glob.h"
#include "core/data/token_source.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr double kAtlasBytes = 3900;  // a person (core/data/README.md)

// Bytes of English that a token of a bpe tokenizer stands for: 1.9 of 512 pieces, 4.2 of 32768, and
// in between linear in the logarithm.
double BytesPerToken(const TokenizerSettings& tokenizer) {
  if (tokenizer.kind == TokenizerKind::kBytes) return 1;
  constexpr double kFew = 1.9, kPerDoubling = 0.38;
  return kFew + kPerDoubling * std::log2(static_cast<double>(tokenizer.vocabulary) / 512);
}

double BytesOfFiles(const SourceSettings& source) {
  double bytes = 0;
  for (const fs::path& path : ExpandGlobs(source.files)) {
    bytes += static_cast<double>(fs::file_size(path));
  }
  return bytes;
}

SourceSize EstimateSize(const SourceSettings& source, const TokenizerSettings& tokenizer) {
  switch (source.kind) {
    case SourceKind::kText:
    case SourceKind::kJsonl:
      return {NameOf(source), BytesOfFiles(source) / BytesPerToken(tokenizer), true};
    case SourceKind::kAtlas:
      return {NameOf(source),
              kAtlasBytes * static_cast<double>(source.people) / BytesPerToken(tokenizer), true};
    case SourceKind::kTokens:
      break;
  }
  return {NameOf(source), static_cast<double>(TokenSource::Find(source).CountTokens()), false};
}

}  // namespace

std::vector<SourceSize> EstimateSizes(const DataSettings& settings) {
  std::vector<SourceSize> sizes;
  for (const SourceSettings& source : settings.train) {
    sizes.push_back(EstimateSize(source, settings.tokenizer));
    // An atlas writes other documents for validation; everything else is cut.
    const bool cut = settings.validation.empty() && source.kind != SourceKind::kAtlas;
    if (cut) sizes.back().tokens *= 1 - settings.held_out;
  }
  return sizes;
}

std::vector<SourceSize> SizesOfDataset(const fs::path& folder) {
  const fs::path path = folder / dataset_format::kManifest;
  if (!fs::exists(path)) return {};
  const json manifest = json::parse(ReadTextFile(path), nullptr, /*allow_exceptions=*/false);
  std::vector<SourceSize> sizes;
  try {
    for (const json& set : manifest.at("train")) {
      sizes.push_back({set.at("name"), set.at("tokens").get<double>(), false});
    }
  } catch (const json::exception&) {
    return {};  // damaged: it will be made again
  }
  return sizes;
}

std::vector<double> EpochsOf(const std::vector<SourceSize>& sizes,
                             const std::vector<SourceSettings>& sources, double tokens) {
  UPCYCLE_CHECK_EQ(sizes.size(), sources.size());
  double weights = 0;
  for (const SourceSettings& source : sources) weights += source.weight;
  std::vector<double> epochs;
  for (size_t i = 0; i < sizes.size(); ++i) {
    epochs.push_back(tokens * sources[i].weight / weights / sizes[i].tokens);
  }
  return epochs;
}

}  // namespace upcycle
