#include "core/tokenizers/hugging_face_tokenizer.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/foreign_json.h"
#include "core/tokenizers/bpe_text.h"
#include "core/tokenizers/foreign_folder.h"
#include "core/tokenizers/post_processor.h"
#include "core/tokenizers/unicode.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

using AtSpaces = PreTokenizer::AtSpaces;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Whether `text` has a letter with a space behind it.
bool HasWordEnd(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ' ' && IsLetter(text[i - 1])) return true;
  }
  return false;
}

// Whether the token, which looks like `text` where it is searched for, may reach over a cut between
// a letter and a space, or be found there only by what stands on the other side.
bool ReachesOverCuts(const AddedToken& token, std::string_view text) {
  const bool ends_there = !text.empty() && IsLetter(text.back());
  return HasWordEnd(text) || (token.right_strip && ends_there) ||
         (token.single_word && text.starts_with(' '));
}

// Whether the last thing that a normalizer does is to write U+2581 for every space.
bool EscapesSpaces(const JsonNode& normalizer) {
  if (normalizer.Type() == "Sequence") {
    const auto steps = normalizer["normalizers"].Elements();
    return !steps.empty() && steps.back().Type() == "Replace" && EscapesSpaces(steps.back());
  }
  if (normalizer.Type() != "Replace") return false;
  const auto literal = normalizer["pattern"].Find("String");
  return literal && literal->String() == " " && normalizer["content"].String() == kEscapedSpace;
}

}  // namespace

struct HuggingFaceTokenizer::Parts {
  explicit Parts(const fs::path& path);
  void ReadComponents(const JsonNode& file);
  void ReadAddedTokens(const JsonNode& file);
  void SettleFacts(const JsonNode& file, const fs::path& path);
  int32_t TokenOf(std::string_view text) const;
  AddedTokenFinder FinderOf(bool normalized) const;
  bool CutsAtSpaces() const;

  Files files;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::optional<BpeModel> model;
  std::optional<Decoder> decoder;
  std::vector<AddedToken> added;
  AddedTokenFinder raw;         // in the text as it is
  AddedTokenFinder normalized;  // in normalised text
  std::vector<std::string> texts;
  TokenFacts facts;
  bool escapes_spaces = false;
  bool cuts_at_spaces = false;
};

HuggingFaceTokenizer::Parts::Parts(const fs::path& path)
    : files(ReadTokenizerFiles(path, kTokenizerJson)) {
  const nlohmann::json json = ParseForeignJson(files[kTokenizerJson], path.native());
  const JsonNode file(json, path.native());
  ReadComponents(file);
  ReadAddedTokens(file);
  SettleFacts(file, path);
  cuts_at_spaces = CutsAtSpaces();
}

void HuggingFaceTokenizer::Parts::ReadComponents(const JsonNode& file) {
  if (const auto node = file.Find("normalizer")) {
    normalizer = Normalizer(*node);
    escapes_spaces = EscapesSpaces(*node);
  }
  if (const auto node = file.Find("pre_tokenizer")) {
    pre_tokenizer = PreTokenizer(*node, /*without_spaces=*/escapes_spaces);
  }
  model.emplace(file["model"], pre_tokenizer.gives_bytes() ? BpeModel::Alphabet::kBytes
                                                           : BpeModel::Alphabet::kCharacters);
  if (const auto node = file.Find("decoder")) {
    decoder.emplace(*node);
  } else {
    decoder.emplace();
  }
}

void HuggingFaceTokenizer::Parts::ReadAddedTokens(const JsonNode& file) {
  texts = model->texts();
  std::set<int32_t> ids;
  const auto list = file.Find("added_tokens");
  for (const JsonNode& node : list ? list->Elements() : std::vector<JsonNode>()) {
    AddedToken token = ReadAddedToken(node);
    if (token.text.empty()) continue;
    const int32_t known = model->TokenOf(token.text);
    if (known >= 0 && known != token.id) {
      node.Refuse(
          fmt::format("has the id {}, and its text is {} in the vocabulary", token.id, known));
    }
    if (!ids.insert(token.id).second) node.Refuse("has the id of another one");
    const auto place = static_cast<size_t>(token.id);
    if (place >= texts.size()) texts.resize(place + 1);
    texts[place] = token.normalized ? normalizer.Apply(token.text) : token.text;
    if (texts[place].empty()) node.RefuseFeature("a token of which normalising leaves nothing");
    if (token.special) facts.special.push_back(token.id);
    added.push_back(std::move(token));
  }
  std::ranges::sort(facts.special);
  raw = FinderOf(false);
  normalized = FinderOf(true);
}

AddedTokenFinder HuggingFaceTokenizer::Parts::FinderOf(bool in_normalized) const {
  std::vector<AddedToken> tokens;
  std::vector<std::string> looks;
  // Special ones come first where two look the same.
  for (const bool special : {true, false}) {
    for (const AddedToken& token : added) {
      if (token.normalized != in_normalized || token.special != special) continue;
      tokens.push_back(token);
      looks.push_back(in_normalized ? normalizer.Apply(token.text) : token.text);
    }
  }
  return AddedTokenFinder(tokens, looks);
}

int32_t HuggingFaceTokenizer::Parts::TokenOf(std::string_view text) const {
  for (const AddedToken& token : added) {
    if (token.text == text) return token.id;
  }
  return model->TokenOf(text);
}

void HuggingFaceTokenizer::Parts::SettleFacts(const JsonNode& file, const fs::path& path) {
  facts.vocabulary = static_cast<int64_t>(texts.size());
  if (const auto node = file.Find("post_processor")) {
    const SurroundingTokens around = ReadPostProcessor(*node);
    for (const int32_t token : around.before) {
      if (token >= facts.vocabulary) node->Refuse("puts a token that does not exist");
    }
    for (const int32_t token : around.after) {
      if (token >= facts.vocabulary) node->Refuse("puts a token that does not exist");
    }
    facts.before = around.before;
    facts.after = around.after;
  }
  const NamedTokens named = ReadNamedTokens(path);
  const auto token_of = [&](std::string_view text) { return TokenOf(text); };
  facts.end_of_text = Resolve(named.end_of_text, facts.vocabulary, token_of,
                              {"<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>", "<|im_end|>"});
  facts.begin_of_text = Resolve(named.begin_of_text, facts.vocabulary, token_of,
                                {"<s>", "<|begin_of_text|>", "<bos>"});
}

bool HuggingFaceTokenizer::Parts::CutsAtSpaces() const {
  if (!normalizer.IsLocal()) return false;
  for (const AddedToken& token : added) {
    if (ReachesOverCuts(token, token.text)) return false;
    if (ReachesOverCuts(token, texts[static_cast<size_t>(token.id)])) return false;
  }
  switch (pre_tokenizer.at_spaces()) {
    case AtSpaces::kSeparates:
      return true;
    case AtSpaces::kNothing:
      return escapes_spaces && model->separates_words();
    case AtSpaces::kEscapes:
      return model->separates_words();
    case AtSpaces::kUnknown:
      return false;
  }
  return false;
}

HuggingFaceTokenizer::HuggingFaceTokenizer(const fs::path& path)
    : HuggingFaceTokenizer(std::make_unique<Parts>(path)) {}

HuggingFaceTokenizer::HuggingFaceTokenizer(std::unique_ptr<Parts> parts)
    : Tokenizer(parts->facts), parts_(std::move(parts)) {}

HuggingFaceTokenizer::~HuggingFaceTokenizer() = default;

void HuggingFaceTokenizer::Encode(std::string_view text, std::vector<int32_t>& out) const {
  std::string repaired;
  if (ValidUtf8Prefix(text) != text.size()) {
    repaired = ReplaceInvalidUtf8(text);
    text = repaired;
  }
  const auto memory = memories_.Borrow();
  parts_->raw.Split(text, [&](const AddedTokenFinder::Part& part) {
    if (part.token >= 0) {
      out.push_back(part.token);
    } else {
      EncodePart(part, *memory, out);
    }
  });
}

void HuggingFaceTokenizer::EncodePart(const AddedTokenFinder::Part& part, BpeMemory& memory,
                                      std::vector<int32_t>& out) const {
  std::string normalized;
  std::string_view text = part.text;
  if (!parts_->normalizer.empty()) {
    normalized = parts_->normalizer.Apply(text);
    text = normalized;
  }
  parts_->normalized.Split(text, [&](const AddedTokenFinder::Part& inner) {
    if (inner.token >= 0) {
      out.push_back(inner.token);
      return;
    }
    parts_->pre_tokenizer.Split(
        {inner.text, part.at_start && inner.at_start},
        [&](PreTokenizer::Piece word) { parts_->model->Encode(word.text, memory, out); });
  });
}

std::string HuggingFaceTokenizer::Decode(std::span<const int32_t> tokens) const {
  std::vector<std::string> texts;
  texts.reserve(tokens.size());
  for (const int32_t token : tokens) {
    UPCYCLE_CHECK(token >= 0 && token < Vocabulary());
    if (std::ranges::binary_search(SpecialTokens(), token)) continue;
    const std::string& text = parts_->texts[static_cast<size_t>(token)];
    if (!text.empty()) texts.push_back(text);
  }
  return parts_->decoder->Decode(std::move(texts));
}

size_t HuggingFaceTokenizer::CutAfter(std::string_view text, size_t least) const {
  if (!parts_->cuts_at_spaces) return text.size();
  return CutAfterWord(text, least);
}

Tokenizer::Files HuggingFaceTokenizer::FilesToSave() const { return parts_->files; }

}  // namespace upcycle
