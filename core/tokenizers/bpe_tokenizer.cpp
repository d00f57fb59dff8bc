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

PieceModel PartsOf(const std::string& file) {
  sentencepiece::SentencePieceProcessor processor;
  try {
    return LoadPieceModel(file, processor);
  } catch (const Error& error) {
    Refuse(error.what());
  }
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
  void Add(const Piece& piece, int32_t token);
  void RequireIdentity() const;

  std::string serialised;
  std::vector<Piece> pieces;
  std::unique_ptr<const PieceEncoder> encoder;
  std::vector<std::string> bytes_of;
  std::array<int32_t, kBytes> byte_token;
  std::vector<int32_t> special;
  int32_t end_of_text = -1;
};

BpeTokenizer::Model::Model(const std::string& model) : serialised(model) {
  byte_token.fill(-1);
  const PieceModel parts = PartsOf(model);
  pieces = parts.pieces;
  for (size_t i = 0; i < pieces.size(); ++i) Add(pieces[i], static_cast<int32_t>(i));
  for (const int32_t token : byte_token) {
    if (token < 0) Refuse("it lacks a byte piece");
  }
  if (end_of_text < 0) Refuse(fmt::format("it lacks the piece {}", kEndOfText));
  if (parts.kind != PieceModel::Kind::kBpe) Refuse("it is none of the kind BPE");
  encoder = PieceEncoder::For(parts);
  if (!encoder) Refuse("its pieces are no text");
  RequireIdentity();
}

void BpeTokenizer::Model::Add(const Piece& piece, int32_t token) {
  if (piece.kind == PieceKind::kByte) {
    byte_token[ByteOf(piece)] = token;
    bytes_of.emplace_back(1, static_cast<char>(ByteOf(piece)));
  } else if (!IsText(piece)) {
    if (piece.text == kEndOfText) end_of_text = token;
    special.push_back(token);
    bytes_of.emplace_back();
  } else {
    if (piece.kind == PieceKind::kUnused) Refuse(fmt::format("it does not use \"{}\"", piece.text));
    // Merging would reach over the end of a word.
    if (SpansWords(piece.text)) Refuse(fmt::format("its piece \"{}\" spans words", piece.text));
    bytes_of.push_back(Unescaped(piece.text));
  }
}

// A model that normalises text, or puts a space before it, cannot give every text back.
void BpeTokenizer::Model::RequireIdentity() const {
  PieceMemory memory;
  for (const std::string_view text : {"a", " a", "  a  ", "   ", "A\u00E9\uFB01\u212B1"}) {
    std::vector<int32_t> tokens;
    encoder->Encode(text, memory, tokens);
    std::string decoded;
    for (const int32_t token : tokens) decoded += bytes_of[static_cast<size_t>(token)];
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

void BpeTokenizer::Encode(std::string_view text, std::vector<int32_t>& out) const {
  const auto memory = memories_.Borrow();
  while (!text.empty()) {
    const size_t words = WordsAtBegin(text);
    const bool made = model_->encoder->Encode(text.substr(0, words), *memory, out);
    UPCYCLE_CHECK(made);
    text.remove_prefix(words);
    if (text.empty()) return;
    const std::string_view loose = FirstPart(text).text;
    text.remove_prefix(loose.size());
    for (const char c : loose) out.push_back(model_->byte_token[static_cast<unsigned char>(c)]);
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
