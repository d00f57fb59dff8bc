#include "core/data/tokenizer.h"

#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/check.h"
#include "core/data/bpe_tokenizer.h"
#include "core/data/id_tokenizer.h"
#include "core/data/tokenizer_json.h"
#include "core/error.h"
#include "core/fingerprint.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr int32_t kBytes = 256;
constexpr char kJsonFile[] = "tokenizer.json";
constexpr char kConfigFile[] = "tokenizer_config.json";
constexpr char kModelFile[] = "tokenizer.model";
constexpr char kOurKey[] = "upcycle";  // what Load needs, inside tokenizer_config.json

std::vector<std::string> EveryByte() {
  std::vector<std::string> bytes;
  for (int32_t byte = 0; byte < kBytes; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
  bytes.emplace_back();  // end of text
  return bytes;
}

std::string FingerprintOf(std::string_view content) {
  Hasher hasher;
  hasher.AddBytes(content.data(), content.size());
  return hasher.Finish().Hex();
}

[[noreturn]] void Refuse(const fs::path& path, std::string_view what) {
  throw Error(Cause::kInput, fmt::format("{} {}", path.native(), what));
}

// The file's content, which must have the fingerprint that the configuration names.
std::string ReadListed(const fs::path& folder, const std::string& name, const json& files) {
  const fs::path path = folder / name;
  if (!files.contains(name) || !files[name].is_string()) {
    Refuse(folder / kConfigFile, fmt::format("does not list {}", name));
  }
  std::string content = ReadTextFile(path);
  if (FingerprintOf(content) != files[name].get<std::string>()) {
    Refuse(path, "is damaged or was changed");
  }
  return content;
}

std::unique_ptr<Tokenizer> LoadIds(const fs::path& path, const json& ours) {
  const auto number = [&](const char* key, int64_t below) {
    const bool valid = ours.contains(key) && ours[key].is_number_integer() &&
                       ours[key].get<int64_t>() >= 0 && ours[key].get<int64_t>() < below;
    if (!valid) Refuse(path, fmt::format("is damaged: its {} is missing or wrong", key));
    return ours[key].get<int64_t>();
  };
  const int64_t vocabulary = number("vocabulary", kLargestVocabulary + 1);
  return std::make_unique<IdTokenizer>(vocabulary,
                                       static_cast<int32_t>(number("end_of_text", vocabulary)));
}

}  // namespace

Tokenizer::Tokenizer(std::vector<std::string> bytes_of, int32_t end_of_text)
    : bytes_of_(std::move(bytes_of)), end_of_text_(end_of_text) {}

std::vector<int32_t> Tokenizer::Encode(std::string_view text) const {
  std::vector<int32_t> tokens;
  Encode(text, tokens);
  return tokens;
}

std::string Tokenizer::Decode(std::span<const int32_t> tokens) const {
  std::string text;
  for (const int32_t token : tokens) {
    UPCYCLE_CHECK(token >= 0 && token < Vocabulary());
    text += bytes_of_[static_cast<size_t>(token)];
  }
  return text;
}

void Tokenizer::Save(const fs::path& folder) const {
  std::map<std::string, std::string> files;
  if (std::string text = TokenizerJson(); !text.empty()) files[kJsonFile] = std::move(text);
  if (std::string model = SentencepieceModel(); !model.empty())
    files[kModelFile] = std::move(model);
  json fingerprints = json::object();
  for (const auto& [name, content] : files) {
    WriteFileAtomically(folder / name, content);
    fingerprints[name] = FingerprintOf(content);
  }
  const bool readable = Kind() != TokenizerKind::kNone;
  json config = readable ? HuggingFaceTokenizerConfig() : json::object();
  config[kOurKey] = {{"kind", upcycle::NameOf(Kind())}, {"files", fingerprints}};
  if (!readable) {
    config[kOurKey]["vocabulary"] = Vocabulary();
    config[kOurKey]["end_of_text"] = EndOfText();
  }
  WriteFileAtomically(folder / kConfigFile, config.dump(2) + "\n");
}

std::unique_ptr<Tokenizer> Tokenizer::Load(const fs::path& folder) {
  const fs::path path = folder / kConfigFile;
  const json config = json::parse(ReadTextFile(path), nullptr, /*allow_exceptions=*/false);
  if (!config.is_object() || !config.contains(kOurKey) || !config[kOurKey].is_object() ||
      !config[kOurKey].contains("kind") || !config[kOurKey].contains("files") ||
      !config[kOurKey]["files"].is_object()) {
    Refuse(path, "is damaged or was not written by upcycle");
  }
  const json& ours = config[kOurKey];
  const json& files = ours["files"];
  if (ours["kind"] == upcycle::NameOf(TokenizerKind::kNone)) return LoadIds(path, ours);
  ReadListed(folder, kJsonFile, files);
  if (ours["kind"] == upcycle::NameOf(TokenizerKind::kBytes)) {
    return std::make_unique<ByteTokenizer>();
  }
  if (ours["kind"] == upcycle::NameOf(TokenizerKind::kBpe)) {
    return std::make_unique<BpeTokenizer>(ReadListed(folder, kModelFile, files));
  }
  Refuse(path, "names a kind of tokenizer that this upcycle does not know");
}

ByteTokenizer::ByteTokenizer() : Tokenizer(EveryByte(), kBytes) {}

void ByteTokenizer::Encode(std::string_view text, std::vector<int32_t>& out) const {
  out.reserve(out.size() + text.size());
  for (const char c : text) out.push_back(static_cast<unsigned char>(c));
}

std::string ByteTokenizer::TokenizerJson() const { return ByteTokenizerJson(); }

int64_t VocabularyOf(const TokenizerSettings& settings) {
  return settings.kind == TokenizerKind::kBytes ? kBytes + 1 : settings.vocabulary;
}

}  // namespace upcycle
