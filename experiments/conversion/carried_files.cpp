#include "experiments/conversion/carried_files.h"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/foreign_json.h"
#include "core/tokenizers/foreign_folder.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {
namespace {

using nlohmann::json;

bool IsCarried(std::string_view name) {
  return name == "generation_config.json" || name.starts_with("LICENSE") ||
         name.starts_with("NOTICE") || name.starts_with("USE_POLICY");
}

// A tokenizer that is not understood here is carried all the same.
void CopyTokenizerOf(const fs::path& folder, const fs::path& to) {
  for (const char* main : {kTokenizerJson, kSentencepieceModel, kLlama2cTokenizer, "vocab.json"}) {
    if (!fs::exists(folder / main)) continue;
    for (const auto& [name, content] : ReadTokenizerFiles(folder / main, main)) {
      WriteFileAtomically(to / name, content);
    }
    return;
  }
}

// A sentencepiece model alone: without a word on its class, transformers' AutoTokenizer takes one
// that leaves out the space that sentencepiece puts before a text.
void NameClassOfSentencepiece(const fs::path& folder) {
  if (!fs::exists(folder / kSentencepieceModel)) return;
  for (const char* other : {kTokenizerJson, "tokenizer_config.json"}) {
    if (fs::exists(folder / other)) return;
  }
  const json config = {{"tokenizer_class", "LlamaTokenizer"},
                       {"legacy", false},
                       {"add_bos_token", true},
                       {"add_eos_token", false}};
  WriteFileAtomically(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

}  // namespace

void CarryFiles(const fs::path& from, const fs::path& tokenizer, const fs::path& to) {
  const bool is_folder = fs::is_directory(from);
  if (!tokenizer.empty()) {
    Tokenizer::Load(tokenizer)->Save(to);
  } else if (is_folder) {
    CopyTokenizerOf(from, to);
  }
  NameClassOfSentencepiece(to);
  if (!is_folder) return;
  for (const fs::directory_entry& file : fs::directory_iterator(from)) {
    const std::string name = file.path().filename().native();
    if (!file.is_regular_file() || !IsCarried(name)) continue;
    WriteFileAtomically(to / name, ReadTextFile(file.path()));
  }
}

void CarryTokens(const fs::path& from, json& config) {
  const fs::path path = from / "config.json";
  if (!fs::exists(path)) return;
  const json source = ReadForeignJson(path);
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    if (source.is_object() && source.contains(key)) config[key] = source[key];
  }
}

}  // namespace upcycle
