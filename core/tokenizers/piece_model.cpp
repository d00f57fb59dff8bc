#include "core/tokenizers/piece_model.h"

#include <bit>
#include <exception>
#include <string>

#include <sentencepiece_processor.h>

#include "core/error.h"
#include "core/tokenizers/proto_fields.h"

namespace upcycle {
namespace {

// Field numbers and defaults are those of sentencepiece_model.proto, which takes a number that it
// has no name for as nothing said.
template <typename Kind>
void SetKind(uint64_t number, Kind last, Kind& kind) {
  if (number >= 1 && number <= static_cast<uint64_t>(last)) kind = static_cast<Kind>(number);
}

Piece ReadPiece(std::string_view message) {
  Piece piece;
  ReadProtoFields(message, [&](const ProtoField& field) {
    if (field.Is(1, ProtoWire::kBytes)) piece.text = field.bytes;
    if (field.Is(2, ProtoWire::kFixed32)) {
      piece.score = std::bit_cast<float>(static_cast<uint32_t>(field.integer));
    }
    if (field.Is(3, ProtoWire::kInteger)) SetKind(field.integer, PieceKind::kByte, piece.kind);
  });
  return piece;
}

void ReadTrainerSpec(std::string_view message, PieceModel& model) {
  ReadProtoFields(message, [&](const ProtoField& field) {
    if (field.Is(3, ProtoWire::kInteger)) {
      SetKind(field.integer, PieceModel::Kind::kCharacter, model.kind);
    }
    if (field.Is(24, ProtoWire::kInteger)) model.spaces_end_words = field.integer != 0;
  });
}

void ReadNormalizerSpec(std::string_view message, PieceModel& model) {
  ReadProtoFields(message, [&](const ProtoField& field) {
    if (field.Is(2, ProtoWire::kBytes)) model.character_map = field.bytes;
    if (field.Is(3, ProtoWire::kInteger)) model.puts_space_before = field.integer != 0;
    if (field.Is(4, ProtoWire::kInteger)) model.drops_extra_spaces = field.integer != 0;
    if (field.Is(5, ProtoWire::kInteger)) model.escapes_spaces = field.integer != 0;
  });
}

}  // namespace

bool IsText(const Piece& piece) {
  return piece.kind == PieceKind::kNormal || piece.kind == PieceKind::kUserDefined ||
         piece.kind == PieceKind::kUnused;
}

unsigned char ByteOf(const Piece& piece) {
  return static_cast<unsigned char>(
      std::stoi(piece.text.substr(1, piece.text.size() - 2), nullptr, 16));
}

PieceModel LoadPieceModel(std::string_view file, sentencepiece::SentencePieceProcessor& processor) {
  std::string mistake;
  try {
    const auto status = processor.LoadFromSerializedProto(file);
    if (!status.ok()) mistake = status.error_message();
  } catch (const std::exception& error) {  // of what lies below the library
    mistake = error.what();
  }
  if (!mistake.empty()) throw Error(Cause::kInput, mistake);
  return ReadPieceModel(processor.serialized_model_proto());
}

PieceModel ReadPieceModel(std::string_view file) {
  PieceModel model;
  ReadProtoFields(file, [&](const ProtoField& field) {
    if (field.Is(1, ProtoWire::kBytes)) model.pieces.push_back(ReadPiece(field.bytes));
    if (field.Is(2, ProtoWire::kBytes)) ReadTrainerSpec(field.bytes, model);
    if (field.Is(3, ProtoWire::kBytes)) ReadNormalizerSpec(field.bytes, model);
  });
  return model;
}

}  // namespace upcycle
