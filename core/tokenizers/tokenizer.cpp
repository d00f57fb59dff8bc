#include "core/tokenizers/tokenizer.h"

#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/check.h"
#include "core/tokenizers/bpe_tokenizer.h"
#include "core/tokenizers/tokenizer_json.h"
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
  std::map<std::string, std::string> files = {{kJsonFile, TokenizerJson()}};
  if (std::string model = SentencepieceModel(); !model.empty())
    files[kModelFile] = std::move(model);
  json fingerprints = json::object();
  for (const auto& [name, content] : files) {
    WriteFileAtomically(folder / name, content);
    fingerprints[name] = FingerprintOf(content);
  }
  json config = HuggingFaceTokenizerConfig();
  config[kOurKey] = {{"kind", upcycle::NameOf(Kind())}, {"files", fingerprints}};
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
