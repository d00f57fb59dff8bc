// The tokenizer .bin of llama2.c, with that program's tokens: a space before the text, code points
// that the vocabulary has (others become their bytes), and then merges, the highest score first and
// the leftmost of equals. Bytes that are no UTF-8 are kept.
//
// Format, little-endian: uint32 longest piece; for each piece float32 score, int32 length, bytes.
// Tokens 0 unknown, 1 begin and 2 end of text; 3 to 258 are the bytes where the vocabulary has
// them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/tokenizers/pair_merges.h"
#include "core/tokenizers/text_map.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

class Llama2cTokenizer final : public Tokenizer {
 public:
  // Throws Error(kInput) for a file that is truncated or damaged.
  explicit Llama2cTokenizer(const fs::path& path);

  using Tokenizer::Encode;
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;
  // Without the space before the text.
  std::string Decode(std::span<const int32_t> tokens) const override;
  size_t CutAfter(std::string_view text, size_t least) const override;

 private:
  struct Piece {
    std::string text;
    float score = 0;
  };
  Llama2cTokenizer(const std::string& file, std::string content);
  Llama2cTokenizer(std::string content, std::vector<Piece> pieces);
  static std::vector<Piece> ReadPieces(const std::string& file, std::string_view content);
  void FindMerges();
  void PutCharacter(std::string_view character, std::vector<int32_t>& tokens) const;
  Files FilesToSave() const override;

  std::string content_;
  std::vector<Piece> pieces_;
  TextMap<int32_t> tokens_;
  PairMerges merges_;
  bool has_bytes_ = false;
};

}  // namespace upcycle
