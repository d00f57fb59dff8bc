#include "core/tokenizers/bpe_model.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/tokenizers/bpe_text.h"
#include "core/tokenizers/byte_alphabet.h"
#include "core/tokenizers/limits.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

std::string QuotedForPeople(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Collects what a word begins with. An unknown character waits until the next that has a token of
// its own, so that bytes may come to stand before it: that is how Hugging Face does it.
class Beginning {
 public:
  Beginning(int32_t unknown, bool fuse, std::vector<int32_t>& tokens)
      : unknown_(unknown), fuse_(fuse), tokens_(tokens) {}
  ~Beginning() { PutWaiting(); }

  void Put(int32_t token) {
    PutWaiting();
    tokens_.push_back(token);
  }
  void PutByte(int32_t token) { tokens_.push_back(token); }
  void PutUnknown() {
    if (unknown_ < 0) return;
    if (!fuse_) PutWaiting();
    waits_ = true;
  }

 private:
  void PutWaiting() {
    if (waits_) tokens_.push_back(unknown_);
    waits_ = false;
  }

  int32_t unknown_;
  bool fuse_;
  bool waits_ = false;
  std::vector<int32_t>& tokens_;
};

}  // namespace

BpeModel::BpeModel(const JsonNode& model, Alphabet alphabet) : alphabet_(alphabet) {
  const std::string type = model.StringOr("type", "BPE");
  if (type != "BPE") model.RefuseFeature(fmt::format("a {} model", type));
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.StringOr(affix, "").empty()) model.RefuseFeature(affix);
  }
  if (const auto dropout = model.Find("dropout"); dropout && dropout->value() != 0) {
    dropout->RefuseFeature("dropout, which encodes the same text in many ways");
  }
  byte_fallback_ = model.BoolOr("byte_fallback", false);
  fuse_unknown_ = model.BoolOr("fuse_unk", false);
  whole_words_first_ = model.BoolOr("ignore_merges", false);
  ReadVocabulary(model);
  if (const auto unknown = model.Find("unk_token")) {
    unknown_ = TokenOf(unknown->String());
    if (unknown_ < 0) unknown->Refuse("is no token of the vocabulary");
  }
  ReadMerges(model["merges"]);
  if (alphabet_ == Alphabet::kBytes) {
    PrepareBytes();
  } else {
    PrepareCharacters();
  }
  separates_words_ = separates_words_ && alphabet_ == Alphabet::kCharacters &&
                     !whole_words_first_ && TokenOf(kEscapedSpace) >= 0;
}

void BpeModel::ReadVocabulary(const JsonNode& model) {
  const JsonNode vocabulary = model["vocab"];
  if (!vocabulary.value().is_object()) vocabulary.Refuse("is no object");
  tokens_.reserve(vocabulary.value().size());
  for (const auto& [text, value] : vocabulary.value().items()) {
    const JsonNode place = vocabulary[text];
    const int64_t token = place.Integer(0, kLargestToken);
    if (static_cast<size_t>(token) >= texts_.size()) texts_.resize(static_cast<size_t>(token) + 1);
    std::string& known = texts_[static_cast<size_t>(token)];
    if (!known.empty()) {
      place.Refuse(fmt::format("is {}, as is that of {}", token, QuotedForPeople(known)));
    }
    known = text;
    tokens_.emplace(text, static_cast<int32_t>(token));
  }
}

void BpeModel::ReadMerges(const JsonNode& merges) {
  if (!merges.value().is_array()) merges.Refuse("is no list");
  merges_ = PairMerges(merges.value().size());
  uint32_t rank = 0;
  for (size_t i = 0; i < merges.value().size(); ++i) {
    const auto& merge = merges.value()[i];
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      AddMerge(merges, i, merge[0].get_ref<const std::string&>(),
               merge[1].get_ref<const std::string&>(), rank++);
      continue;
    }
    const std::string_view line =
        merge.is_string() ? std::string_view(merge.get_ref<const std::string&>()) : "";
    if (line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
      merges.At(i).Refuse("is no pair of texts");
    }
    AddMerge(merges, i, line.substr(0, space), line.substr(space + 1), rank++);
  }
}

void BpeModel::AddMerge(const JsonNode& merges, size_t i, std::string_view left,
                        std::string_view right, uint32_t rank) {
  const std::string joined = std::string(left) + std::string(right);
  for (const std::string_view text : {left, right, std::string_view(joined)}) {
    if (TokenOf(text) < 0) {
      merges.At(i).Refuse(
          fmt::format("needs {}, which is not in the vocabulary", QuotedForPeople(text)));
    }
  }
  merges_.Set(TokenOf(left), TokenOf(right), {rank, TokenOf(joined)});
  if (SpansWords(joined)) separates_words_ = false;
}

int32_t BpeModel::TokenOf(std::string_view text) const {
  const auto found = tokens_.find(text);
  return found == tokens_.end() ? -1 : found->second;
}

BpeModel::Start BpeModel::StartOf(std::string_view character) const {
  Start start;
  if (const int32_t token = TokenOf(character); token >= 0) return {{token}, true};
  if (!byte_fallback_) return start;
  for (const char byte : character) {
    const int32_t token = TokenOf(fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte)));
    if (token < 0) return {};
    start.tokens.push_back(token);
  }
  return start;
}

void BpeModel::PrepareBytes() {
  for (size_t byte = 0; byte < starts_of_bytes_.size(); ++byte) {
    starts_of_bytes_[byte] = StartOf(CharacterOfByte(static_cast<unsigned char>(byte)));
  }
  if (!whole_words_first_) return;
  for (const auto& [text, token] : tokens_) {
    if (auto bytes = FromByteAlphabet(text)) whole_words_.emplace(std::move(*bytes), token);
  }
}

void BpeModel::PrepareCharacters() {
  for (const auto& [text, token] : tokens_) {
    if (text.empty()) continue;
    const DecodedCharacter character = DecodeCharacter(text);
    if (character.bytes != text.size()) continue;
    if (character.code_point >= starts_of_characters_.size()) {
      starts_of_characters_.resize(character.code_point + 1, -1);
    }
    starts_of_characters_[character.code_point] = token;
  }
  if (byte_fallback_) {
    for (size_t byte = 0; byte < starts_of_bytes_.size(); ++byte) {
      starts_of_bytes_[byte].tokens = {TokenOf(fmt::format("<0x{:02X}>", byte))};
    }
  }
  if (whole_words_first_) whole_words_ = tokens_;
}

void BpeModel::Encode(std::string_view word, BpeMemory& memory, std::vector<int32_t>& out) const {
  if (!separates_words_) return EncodeWord(word, memory, out);
  // Where text is not cut into words beforehand, what may be encoded apart is remembered apart.
  while (!word.empty()) {
    size_t end = 0;
    while (word.substr(end).starts_with(kEscapedSpace)) end += kEscapedSpace.size();
    end = std::min(word.find(kEscapedSpace, end), word.size());
    EncodeWord(word.substr(0, end), memory, out);
    word.remove_prefix(end);
  }
}

void BpeModel::EncodeWord(std::string_view word, BpeMemory& memory,
                          std::vector<int32_t>& out) const {
  if (const WordCache::Found known = memory.words.Find(word); known.tokens != nullptr) {
    out.insert(out.end(), known.tokens, known.tokens + known.count);
    return;
  }
  EncodeAfresh(word, memory);
  memory.words.Store(word, memory.tokens);
  out.insert(out.end(), memory.tokens.begin(), memory.tokens.end());
}

void BpeModel::EncodeAfresh(std::string_view word, BpeMemory& memory) const {
  memory.tokens.clear();
  if (whole_words_first_) {
    if (const auto whole = whole_words_.find(word); whole != whole_words_.end()) {
      memory.tokens.push_back(whole->second);
      return;
    }
  }
  Begin(word, memory.tokens);
  merges_.Apply(memory.tokens, memory.merging);
}

void BpeModel::Begin(std::string_view word, std::vector<int32_t>& tokens) const {
  Beginning beginning(unknown_, fuse_unknown_, tokens);
  if (alphabet_ == Alphabet::kBytes) {
    for (const char byte : word) {
      const Start& start = starts_of_bytes_[static_cast<unsigned char>(byte)];
      if (start.own) {
        beginning.Put(start.tokens[0]);
      } else if (start.tokens.empty()) {
        beginning.PutUnknown();
      } else {
        for (const int32_t token : start.tokens) beginning.PutByte(token);
      }
    }
    return;
  }
  while (!word.empty()) {
    const DecodedCharacter character = DecodeCharacter(word);
    const std::string_view text = word.substr(0, std::max<size_t>(character.bytes, 1));
    word.remove_prefix(text.size());
    const uint32_t c = character.code_point;
    if (c < starts_of_characters_.size() && starts_of_characters_[c] >= 0) {
      beginning.Put(starts_of_characters_[c]);
    } else if (HasBytes(text)) {
      for (const char byte : text) beginning.PutByte(TokenOfByte(byte));
    } else {
      beginning.PutUnknown();
    }
  }
}

int32_t BpeModel::TokenOfByte(char byte) const {
  return starts_of_bytes_[static_cast<unsigned char>(byte)].tokens[0];
}

bool BpeModel::HasBytes(std::string_view text) const {
  return byte_fallback_ &&
         std::ranges::all_of(text, [&](char byte) { return TokenOfByte(byte) >= 0; });
}

}  // namespace upcycle
