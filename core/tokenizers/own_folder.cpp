#include "core/tokenizers/own_folder.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/fingerprint.h"
#include "core/foreign_json.h"
#include "core/tokenizers/bpe_tokenizer.h"
#include "core/tokenizers/byte_tokenizer.h"
#include "core/tokenizers/id_tokenizer.h"
#include "core/tokenizers/json_node.h"
#include "core/tokenizers/tokenizer_json.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr char kJsonFile[] = "tokenizer.json";
constexpr char kConfigFile[] = "tokenizer_config.json";
constexpr char kModelFile[] = "tokenizer.model";
constexpr char kOurKey[] = "upcycle";  // what loading needs, inside tokenizer_config.json

std::string FingerprintOf(std::string_view content) {
  Hasher hasher;
  hasher.AddBytes(content.data(), content.size());
  return hasher.Finish().Hex();
}

[[noreturn]] void Refuse(const fs::path& path, std::string_view what) {
  throw Error(Cause::kInput, fmt::format("{} {}", path.native(), what));
}

json ReadConfig(const fs::path& folder) {
  const fs::path path = folder / kConfigFile;
  return ReadForeignJson(path);
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

std::map<std::string, std::string> OwnFolderFiles(TokenizerKind kind, std::string tokenizer_json,
                                                  std::string model) {
  std::map<std::string, std::string> files = {{kJsonFile, std::move(tokenizer_json)}};
  if (!model.empty()) files[kModelFile] = std::move(model);
  json fingerprints = json::object();
  for (const auto& [name, content] : files) fingerprints[name] = FingerprintOf(content);
  json config = HuggingFaceTokenizerConfig();
  config[kOurKey] = {{"kind", NameOf(kind)}, {"files", fingerprints}};
  files[kConfigFile] = config.dump(2) + "\n";
  return files;
}

std::map<std::string, std::string> OwnFolderFiles(const json& ours) {
  return {{kConfigFile, json({{kOurKey, ours}}).dump(2) + "\n"}};
}

bool IsOwnFolder(const fs::path& folder) {
  if (!fs::exists(folder / kConfigFile)) return false;
  const json config = ReadConfig(folder);
  return config.is_object() && config.contains(kOurKey);
}

std::unique_ptr<Tokenizer> LoadOwnFolder(const fs::path& folder) {
  const json config = ReadConfig(folder);
  const json& ours = config.at(kOurKey);
  if (ours.is_object() && ours.value("kind", json()) == NameOf(TokenizerKind::kNone)) {
    if (auto ids = IdTokenizer::FromJson(ours)) return ids;
    Refuse(folder / kConfigFile, "is damaged");
  }
  if (!ours.is_object() || !ours.contains("kind") || !ours.contains("files") ||
      !ours["files"].is_object()) {
    Refuse(folder / kConfigFile, "is damaged");
  }
  const json& files = ours["files"];
  ReadListed(folder, kJsonFile, files);
  if (ours["kind"] == NameOf(TokenizerKind::kBytes)) return std::make_unique<ByteTokenizer>();
  if (ours["kind"] == NameOf(TokenizerKind::kBpe)) {
    return std::make_unique<BpeTokenizer>(ReadListed(folder, kModelFile, files));
  }
  Refuse(folder / kConfigFile, "names a kind of tokenizer that this upcycle does not know");
}

}  // namespace upcycle
