#include "core/tokenizers/foreign_folder.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/foreign_json.h"
#include "core/tokenizers/json_node.h"
#include "core/tokenizers/limits.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr const char* kFileNames[] = {kTokenizerJson,
                                      kSentencepieceModel,
                                      "tokenizer_config.json",
                                      "special_tokens_map.json",
                                      "added_tokens.json",
                                      "vocab.json",
                                      "merges.txt",
                                      "generation_config.json"};

bool BelongsToATokenizer(std::string_view name) {
  return name.starts_with("chat_template.") ||
         std::ranges::find(kFileNames, name) != std::end(kFileNames);
}

// `key` as tokenizer_config.json has it: a text, or an object with the text as "content".
void TakeText(const JsonNode& file, std::string_view key, NamedToken& token) {
  if (token.decided || !file.value().contains(key)) return;
  token.decided = true;
  const auto named = file.Find(key);
  if (!named) return;
  token.text = named->value().is_object() ? (*named)["content"].String() : named->String();
}

// `key` as config.json has it: a number, or several of which the first is meant.
void TakeId(const JsonNode& file, std::string_view key, NamedToken& token) {
  if (token.decided) return;
  auto named = file.Find(key);
  if (!named) return;
  if (named->value().is_array() && named->value().empty()) return;
  const JsonNode id = named->value().is_array() ? named->At(0) : *named;
  token.decided = true;
  token.id = id.Integer(-1, kLargestToken);
}

void TakeSwitch(const JsonNode& file, std::string_view key, std::optional<bool>& value) {
  if (const auto found = file.Find(key)) value = found->Bool();
}

}  // namespace

std::map<std::string, std::string> ReadTokenizerFiles(const fs::path& path,
                                                      const std::string& name) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(FolderOf(path))) {
    const std::string beside = entry.path().filename().native();
    if (BelongsToATokenizer(beside) && entry.is_regular_file()) {
      files[beside] = ReadTextFile(entry.path());
    }
  }
  if (name != kTokenizerJson) files.erase(kTokenizerJson);  // would be taken for the tokenizer
  files[name] = ReadTextFile(path);
  return files;
}

NamedTokens ReadNamedTokens(const fs::path& path) {
  NamedTokens named;
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json", "config.json"}) {
    const fs::path file = FolderOf(path) / name;
    if (!fs::is_regular_file(file)) continue;
    const json content = ReadForeignJson(file);
    const JsonNode node(content, file.native());
    if (!content.is_object()) node.Refuse("is no object");
    TakeText(node, "bos_token", named.begin_of_text);
    TakeText(node, "eos_token", named.end_of_text);
    TakeId(node, "bos_token_id", named.begin_of_text);
    TakeId(node, "eos_token_id", named.end_of_text);
    TakeSwitch(node, "add_bos_token", named.adds_begin);
    TakeSwitch(node, "add_eos_token", named.adds_end);
  }
  return named;
}

std::optional<int32_t> Resolve(const NamedToken& named, int64_t vocabulary,
                               FunctionRef<int32_t(std::string_view)> token_of,
                               const std::vector<std::string_view>& usual) {
  if (named.text) {
    const int32_t token = token_of(*named.text);
    if (token >= 0) return token;
    throw Error(Cause::kInput,
                fmt::format("the tokenizer's files name the token \"{}\", which it does not have; "
                            "see tokenizer_config.json",
                            *named.text));
  }
  if (named.id) {
    if (*named.id < 0) return std::nullopt;
    if (*named.id < vocabulary) return static_cast<int32_t>(*named.id);
    throw Error(Cause::kInput,
                fmt::format("config.json names the token {}, and the tokenizer has {} tokens",
                            *named.id, vocabulary));
  }
  if (named.decided) return std::nullopt;
  for (const std::string_view text : usual) {
    const int32_t token = token_of(text);
    if (token >= 0) return token;
  }
  return std::nullopt;
}

}  // namespace upcycle
