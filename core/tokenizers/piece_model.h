// What a sentencepiece .model says of itself: its pieces, and how text is prepared for them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace upcycle {

// As its file numbers them.
enum class PieceKind {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,  // kept whole wherever its text stands
  kUnused = 5,
  kByte = 6,
};

struct Piece {
  std::string text;
  float score = 0;
  PieceKind kind = PieceKind::kNormal;
};

// Whether a piece stands for its own text.
bool IsText(const Piece& piece);
// Of a piece of the kind byte, as in <0x0A>.
unsigned char ByteOf(const Piece& piece);

struct PieceModel {
  enum class Kind { kUnigram = 1, kBpe = 2, kWord = 3, kCharacter = 4 };

  Kind kind = Kind::kUnigram;
  std::vector<Piece> pieces = {};  // by token

  std::string character_map = {};  // character_map.h
  bool puts_space_before = true;
  bool drops_extra_spaces = true;
  bool escapes_spaces = true;     // writes U+2581 for them
  bool spaces_end_words = false;  // the space goes behind a text, not before it
};

// Reads a file's bytes into the library's `processor`. Throws Error(kInput) where it refuses them.
PieceModel LoadPieceModel(std::string_view file, sentencepiece::SentencePieceProcessor& processor);

// From a file as the library writes it: each part comes once. Throws Error(kInput) where it is
// damaged.
PieceModel ReadPieceModel(std::string_view file);

}  // namespace upcycle
