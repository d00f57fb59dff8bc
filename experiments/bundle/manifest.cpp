#include "experiments/bundle/manifest.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/build_info.h"
#include "core/error.h"
#include "core/foreign_json.h"

namespace upcycle {
namespace {

using nlohmann::json;

// No study is larger; sums of such sizes cannot overflow.
constexpr uint64_t kMostBytes = uint64_t{1} << 50;
constexpr size_t kLongestName = 1024;
constexpr size_t kLongestWord = 255;  // of a name between two slashes

std::vector<std::string_view> WordsOf(std::string_view name) {
  std::vector<std::string_view> words;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    words.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// A file system takes it for the name of something in that very folder.
bool IsFileName(std::string_view word) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return !word.empty() && word != "." && word != ".." && word.size() <= kLongestWord &&
         std::ranges::none_of(word, is_control);
}

bool IsOutput(std::string_view part) { return part == "model" || part == "tokens"; }

bool IsRecord(std::string_view part) {
  return part == "stage.json" || part == "journal" || part == "log.txt";
}

std::optional<Fingerprint> StageNamed(std::string_view word) {
  try {
    const Fingerprint stage = Fingerprint::FromHex(word);
    if (stage.Hex() == word) return stage;
  } catch (const Error&) {
  }
  return std::nullopt;
}

void CheckFormat(const json& manifest) {
  const auto format = manifest.at("format").get<int64_t>();
  if (format == kBundleFormat) return;
  if (format > kBundleFormat) {
    throw Error(
        Cause::kInput,
        fmt::format("it has format {}, and this program ({}) knows formats up to {}: "
                    "import it with upcycle {} or later",
                    format, kVersion, kBundleFormat, manifest.at("program").get<std::string>()));
  }
  throw Error(Cause::kInput, fmt::format("there is no format {} of bundles", format));
}

BundleFile FileFrom(const json& entry) {
  BundleFile file = {.name = entry.at("name"),
                     .bytes = entry.at("bytes"),
                     .checksum = Fingerprint::FromHex(entry.at("xxh3").get<std::string>())};
  if (!entry.at("bytes").is_number_unsigned() || file.bytes > kMostBytes) {
    throw Error(Cause::kInput,
                fmt::format("{} of {:?} is no size", entry.at("bytes").dump(), file.name));
  }
  return file;
}

void CheckOrder(const Manifest& manifest) {
  const auto& files = manifest.files;
  for (const BundleFile& file : files) PlaceOf(file.name);
  for (size_t i = 1; i < files.size(); ++i) {
    if (files[i - 1].name < files[i].name) continue;
    throw Error(Cause::kInput,
                files[i - 1].name == files[i].name
                    ? fmt::format("{:?} is there twice", files[i].name)
                    : fmt::format("{:?} comes behind {:?}", files[i].name, files[i - 1].name));
  }
  const auto is_root = [](const BundleFile& file) { return file.name == "journal"; };
  if (std::ranges::none_of(files, is_root)) {
    throw Error(Cause::kInput, "it has no journal that records a study");
  }
  if (manifest.Bytes() > kMostBytes) throw Error(Cause::kInput, "it claims to hold too much");
}

Manifest Read(const json& parsed) {
  CheckFormat(parsed);
  const auto models = ValueNamed<BundledModels>(parsed.at("models").get<std::string>());
  if (!models) throw Error(Cause::kInput, "it does not say which models it has");
  Manifest manifest = {.program = parsed.at("program"),
                       .study = parsed.at("study"),
                       .models = *models,
                       .logs = parsed.at("logs"),
                       .files = {}};
  for (const json& entry : parsed.at("files")) {
    manifest.files.push_back(FileFrom(entry));
  }
  CheckOrder(manifest);
  return manifest;
}

}  // namespace

uint64_t Manifest::Bytes() const {
  uint64_t bytes = 0;
  for (const BundleFile& file : files) bytes += std::min(file.bytes, kMostBytes);
  return bytes;
}

std::string ToJson(const Manifest& manifest) {
  json files = json::array();
  for (const BundleFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"xxh3", file.checksum.Hex()}});
  }
  return json({{"format", kBundleFormat},
               {"program", manifest.program},
               {"study", manifest.study},
               {"models", NameOf(manifest.models)},
               {"logs", manifest.logs},
               {"files", std::move(files)}})
             .dump(1) +
         "\n";
}

Manifest ParseManifest(std::string_view text) {
  const json parsed = ParseForeignJson(text, kManifestName);
  try {
    return Read(parsed);
  } catch (const json::exception& error) {
    throw Error(Cause::kInput,
                fmt::format("{} cannot be understood: {}", kManifestName, JsonProblem(error)));
  }
}

BundlePlace PlaceOf(std::string_view name) {
  const std::vector<std::string_view> words = WordsOf(name);
  if (name.size() <= kLongestName && std::ranges::all_of(words, IsFileName)) {
    if (words.size() == 1 && words[0] == "journal") return {std::nullopt, "journal"};
    const auto stage =
        words.size() >= 3 && words[0] == "stages" ? StageNamed(words[1]) : std::nullopt;
    const bool is_part = stage && (words.size() == 3 ? IsRecord(words[2]) : IsOutput(words[2]));
    if (is_part) return {stage, std::string(words[2])};
  }
  throw Error(Cause::kInput,
              fmt::format("it has the file {:?}, which is no part of a study", name));
}

}  // namespace upcycle
