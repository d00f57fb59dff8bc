#include "core/tokenizers/tokenizer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/tokenizers/foreign_folder.h"
#include "core/tokenizers/hugging_face_tokenizer.h"
#include "core/tokenizers/llama2c_tokenizer.h"
#include "core/tokenizers/own_folder.h"
#include "core/tokenizers/sentencepiece_tokenizer.h"

namespace upcycle {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::unique_ptr<Tokenizer> LoadFile(const fs::path& path) {
  const std::string extension = path.extension().native();
  if (extension == ".json") return std::make_unique<HuggingFaceTokenizer>(path);
  if (extension == ".model") return std::make_unique<SentencepieceTokenizer>(path);
  if (extension == ".bin") return std::make_unique<Llama2cTokenizer>(path);
  throw Error(Cause::kInput,
              fmt::format("{} is no tokenizer: give a folder that has one, a tokenizer.json, a "
                          "sentencepiece .model or a .bin of llama2.c",
                          path.native()));
}

}  // namespace

Tokenizer::Tokenizer(TokenFacts facts) : facts_(std::move(facts)) {}

std::vector<int32_t> Tokenizer::Encode(std::string_view text) const {
  std::vector<int32_t> tokens;
  Encode(text, tokens);
  return tokens;
}

std::vector<int32_t> Tokenizer::EncodeWhole(std::string_view text) const {
  std::vector<int32_t> tokens = facts_.before;
  Encode(text, tokens);
  tokens.insert(tokens.end(), facts_.after.begin(), facts_.after.end());
  return tokens;
}

int32_t Tokenizer::EndOfText() const {
  if (facts_.end_of_text) return *facts_.end_of_text;
  throw Error(Cause::kInput,
              "the tokenizer's files do not say which token ends a text; name it as eos_token in "
              "tokenizer_config.json");
}

void Tokenizer::Save(const fs::path& folder) const {
  for (const auto& [name, content] : FilesToSave()) WriteFileAtomically(folder / name, content);
}

Fingerprint Tokenizer::Identity() const {
  Hasher hasher;
  for (const auto& [name, content] : FilesToSave()) hasher.Add(name).Add(content);
  return hasher.Finish();
}

std::unique_ptr<Tokenizer> Tokenizer::Load(const fs::path& path) {
  if (!fs::is_directory(path)) return LoadFile(path);
  if (IsOwnFolder(path)) return LoadOwnFolder(path);
  for (const char* name : {kTokenizerJson, kSentencepieceModel, kLlama2cTokenizer}) {
    if (fs::exists(path / name)) return LoadFile(path / name);
  }
  throw Error(
      Cause::kInput,
      fmt::format("{} has no tokenizer: no tokenizer.json, tokenizer.model or "
                  "tokenizer.bin; `AutoTokenizer.from_pretrained(...).save_pretrained(...)` "
                  "of transformers makes a tokenizer.json of older files",
                  path.native()));
}

size_t CutAfterLine(std::string_view text, size_t least) {
  if (text.size() <= least) return text.size();
  const size_t newline = text.find('\n', least == 0 ? 0 : least - 1);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

size_t CutAfterWord(std::string_view text, size_t least) {
  for (size_t at = std::max<size_t>(least, 1); at + 1 < text.size(); ++at) {
    if (text[at] == ' ' && IsLetter(text[at - 1]) && IsLetter(text[at + 1])) return at;
  }
  return text.size();
}

}  // namespace upcycle
