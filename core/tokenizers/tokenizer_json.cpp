#include "core/tokenizers/tokenizer_json.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/tokenizers/byte_alphabet.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

Json AddedToken(int64_t id) {
  return {{"id", id},        {"content", kEndOfText}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false},   {"special", true}};
}

Json Skeleton(int64_t end_of_text) {
  return {{"version", "1.0"},          {"truncation", nullptr},
          {"padding", nullptr},        {"added_tokens", Json::array({AddedToken(end_of_text)})},
          {"normalizer", nullptr},     {"pre_tokenizer", nullptr},
          {"post_processor", nullptr}, {"decoder", nullptr},
          {"model", nullptr}};
}

Json BpeModel(const Json& vocabulary, const Json& merges) {
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", vocabulary},
          {"merges", merges}};
}

struct PieceMerge {
  float score;
  std::string left;
  std::string right;
};

// Every way to make a piece of two others. sentencepiece merges any neighbours whose join is a
// piece; an explicit list of pairs in the order of the joins' scores says the same.
std::vector<PieceMerge> MergesOf(std::span<const Piece> pieces) {
  std::unordered_map<std::string_view, const Piece*> mergeable;
  for (const Piece& piece : pieces) {
    if (IsText(piece)) mergeable.emplace(piece.text, &piece);
  }
  std::vector<PieceMerge> merges;
  for (const Piece& piece : pieces) {
    if (!IsText(piece)) continue;
    const std::string_view text = piece.text;
    for (size_t cut = 1; cut < text.size(); ++cut) {
      if (ContinuesCharacter(text[cut])) continue;
      const auto left = text.substr(0, cut), right = text.substr(cut);
      if (!mergeable.contains(left) || !mergeable.contains(right)) continue;
      merges.push_back({piece.score, std::string(left), std::string(right)});
    }
  }
  std::stable_sort(merges.begin(), merges.end(),
                   [](const PieceMerge& a, const PieceMerge& b) { return a.score > b.score; });
  return merges;
}

}  // namespace

std::string ByteTokenizerJson() {
  Json vocabulary = Json::object();
  int64_t id = 0;
  for (; id < 256; ++id) {
    vocabulary[std::string(CharacterOfByte(static_cast<unsigned char>(id)))] = id;
  }
  vocabulary[std::string(kEndOfText)] = id;
  Json tokenizer = Skeleton(id);
  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", false}};
  tokenizer["pre_tokenizer"] = byte_level;
  tokenizer["decoder"] = byte_level;
  tokenizer["model"] = BpeModel(vocabulary, Json::array());
  return tokenizer.dump(1) + "\n";
}

std::string BpeTokenizerJson(std::span<const Piece> pieces) {
  Json vocabulary = Json::object();
  Json merges = Json::array();
  int64_t end_of_text = -1;
  for (size_t id = 0; id < pieces.size(); ++id) {
    vocabulary[pieces[id].text] = id;
    if (pieces[id].text == kEndOfText) end_of_text = static_cast<int64_t>(id);
  }
  UPCYCLE_CHECK(end_of_text >= 0);
  for (const PieceMerge& merge : MergesOf(pieces)) merges.push_back(merge.left + " " + merge.right);

  Json tokenizer = Skeleton(end_of_text);
  const std::string space = "\u2581";
  tokenizer["normalizer"] = {
      {"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", space}};
  tokenizer["decoder"] = {
      {"type", "Sequence"},
      {"decoders",
       {{{"type", "Replace"}, {"pattern", {{"String", space}}}, {"content", " "}},
        {{"type", "ByteFallback"}},
        {{"type", "Fuse"}}}}};
  tokenizer["model"] = BpeModel(vocabulary, merges);
  tokenizer["model"]["unk_token"] = "<unk>";
  tokenizer["model"]["byte_fallback"] = true;
  return tokenizer.dump(1) + "\n";
}

nlohmann::json HuggingFaceTokenizerConfig() {
  return {{"tokenizer_class", "PreTrainedTokenizerFast"},
          {"eos_token", kEndOfText},
          {"clean_up_tokenization_spaces", false}};
}

}  // namespace upcycle
