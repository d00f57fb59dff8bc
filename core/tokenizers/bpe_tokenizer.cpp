#include "core/tokenizers/bpe_tokenizer.h"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include "core/check.h"
#include "core/error.h"
#include "core/tokenizers/bpe_text.h"
#include "core/tokenizers/own_folder.h"
#include "core/tokenizers/tokenizer_json.h"

namespace upcycle {
namespace {

constexpr int kBytes = 256;

[[noreturn]] void Refuse(std::string_view what) {
  throw Error(Cause::kInput,
              fmt::format("the sentencepiece model is not one that upcycle trained: {}", what));
}

// U+2581 back to spaces.
std::string Unescaped(std::string_view piece) {
  std::string text;
  while (!piece.empty()) {
    const bool space = piece.starts_with(kEscapedSpace);
    text += space ? ' ' : piece[0];
    piece.remove_prefix(space ? kEscapedSpace.size() : 1);
  }
  return text;
}

}  // namespace

struct BpeTokenizer::Model {
  explicit Model(const std::string& serialised);
  void Add(int id);
  void RequireIdentity() const;

  std::string serialised;
  sentencepiece::SentencePieceProcessor processor;
  std::vector<BpePiece> pieces;
  std::vector<std::string> bytes_of;
  std::array<int32_t, kBytes> byte_token;
  std::vector<int32_t> special;
  int32_t end_of_text = -1;
};

BpeTokenizer::Model::Model(const std::string& model) : serialised(model) {
  byte_token.fill(-1);
  const auto status = processor.LoadFromSerializedProto(model);
  if (!status.ok()) Refuse(status.error_message());
  for (int id = 0; id < processor.GetPieceSize(); ++id) Add(id);
  for (const int32_t token : byte_token) {
    if (token < 0) Refuse("it lacks a byte piece");
  }
  if (end_of_text < 0) Refuse(fmt::format("it lacks the piece {}", kEndOfText));
  RequireIdentity();
}

void BpeTokenizer::Model::Add(int id) {
  const std::string& text = processor.IdToPiece(id);
  const bool is_special = processor.IsControl(id) || processor.IsUnknown(id);
  const bool byte = processor.IsByte(id);
  pieces.push_back({text, processor.GetScore(id), !is_special && !byte});
  if (is_special) {
    if (text == kEndOfText) end_of_text = id;
    special.push_back(id);
    bytes_of.emplace_back();
  } else if (byte) {
    const int value = std::stoi(text.substr(1, text.size() - 2), nullptr, 16);  // "<0x0A>"
    byte_token[static_cast<size_t>(value)] = id;
    bytes_of.emplace_back(1, static_cast<char>(value));
  } else {
    // Merging would reach over the end of a word.
    if (SpansWords(text)) Refuse(fmt::format("its piece \"{}\" spans words", text));
    bytes_of.push_back(Unescaped(text));
  }
}

// A model that normalises text, or puts a space before it, cannot give every text back.
void BpeTokenizer::Model::RequireIdentity() const {
  for (const std::string_view text : {"a", " a", "  a  ", "   ", "A\u00E9\uFB01\u212B1"}) {
    std::vector<int> ids;
    const auto status = processor.Encode(text, &ids);
    if (!status.ok()) Refuse(status.error_message());
    std::string decoded;
    for (const int id : ids) decoded += bytes_of[static_cast<size_t>(id)];
    if (decoded != text) Refuse("it changes the text that it encodes");
  }
}

BpeTokenizer::BpeTokenizer(const std::string& model)
    : BpeTokenizer(std::make_unique<Model>(model)) {}

BpeTokenizer::BpeTokenizer(std::unique_ptr<Model> model)
    : Tokenizer({.vocabulary = static_cast<int64_t>(model->bytes_of.size()),
                 .end_of_text = model->end_of_text,
                 .special = model->special}),
      model_(std::move(model)) {}

BpeTokenizer::~BpeTokenizer() = default;

void BpeTokenizer::EncodeWord(std::string_view word, WordCache& known,
                              std::vector<int32_t>& out) const {
  if (const WordCache::Found found = known.Find(word); found.tokens != nullptr) {
    out.insert(out.end(), found.tokens, found.tokens + found.count);
    return;
  }
  std::vector<int> tokens;
  const auto status = model_->processor.Encode(word, &tokens);
  if (!status.ok()) {
    throw Error(Cause::kBug,
                fmt::format("sentencepiece cannot encode: {}", status.error_message()));
  }
  known.Store(word, tokens);
  out.insert(out.end(), tokens.begin(), tokens.end());
}

void BpeTokenizer::Encode(std::string_view text, std::vector<int32_t>& out) const {
  const auto known = words_.Borrow();
  while (!text.empty()) {
    const TextPart part = FirstPart(text);
    text.remove_prefix(part.text.size());
    if (part.word) {
      EncodeWord(part.text, *known, out);
      continue;
    }
    for (const char c : part.text) {
      out.push_back(model_->byte_token[static_cast<unsigned char>(c)]);
    }
  }
}

std::string BpeTokenizer::Decode(std::span<const int32_t> tokens) const {
  std::string text;
  for (const int32_t token : tokens) {
    UPCYCLE_CHECK(token >= 0 && token < Vocabulary());
    text += model_->bytes_of[static_cast<size_t>(token)];
  }
  return text;
}

size_t BpeTokenizer::CutAfter(std::string_view text, size_t least) const {
  return CutAfterLine(text, least);
}

Tokenizer::Files BpeTokenizer::FilesToSave() const {
  return OwnFolderFiles(TokenizerKind::kBpe, BpeTokenizerJson(model_->pieces), model_->serialised);
}

}  // namespace upcycle
