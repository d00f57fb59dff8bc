#include "core/tokenizers/id_tokenizer.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/tokenizers/own_folder.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr char kVocabulary[] = "vocabulary";
constexpr char kEndOfText[] = "end_of_text";

}  // namespace

IdTokenizer::IdTokenizer(int64_t vocabulary, int32_t end_of_text)
    : Tokenizer({.vocabulary = vocabulary, .end_of_text = end_of_text, .special = {end_of_text}}) {}

std::unique_ptr<IdTokenizer> IdTokenizer::FromJson(const json& ours) {
  for (const char* key : {kVocabulary, kEndOfText}) {
    if (!ours.contains(key) || !ours[key].is_number_integer()) return nullptr;
  }
  const auto vocabulary = ours[kVocabulary].get<int64_t>();
  const auto end_of_text = ours[kEndOfText].get<int64_t>();
  if (vocabulary > kLargestVocabulary || end_of_text < 0 || end_of_text >= vocabulary) {
    return nullptr;
  }
  return std::make_unique<IdTokenizer>(vocabulary, static_cast<int32_t>(end_of_text));
}

void IdTokenizer::Encode(std::string_view, std::vector<int32_t>&) const {
  throw Error(Cause::kInput,
              "data.tokenizer is none, so text cannot become tokens; take ready-made tokens, or "
              "name a tokenizer");
}

std::string IdTokenizer::Decode(std::span<const int32_t>) const { return ""; }

size_t IdTokenizer::CutAfter(std::string_view text, size_t least) const {
  return CutAfterLine(text, least);
}

Tokenizer::Files IdTokenizer::FilesToSave() const {
  return OwnFolderFiles({{"kind", NameOf(TokenizerKind::kNone)},
                         {kVocabulary, Vocabulary()},
                         {kEndOfText, EndOfText()}});
}

}  // namespace upcycle
