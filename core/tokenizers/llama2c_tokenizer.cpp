#include "core/tokenizers/llama2c_tokenizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"
#include "core/tokenizers/foreign_folder.h"
#include "core/tokenizers/limits.h"
#include "core/tokenizers/score_merges.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr int32_t kUnknown = 0, kBegin = 1, kEnd = 2, kFirstByte = 3;
constexpr int32_t kBytes = 256;

template <typename T>
T TakeNumber(std::string_view& rest, const std::string& file) {
  if (rest.size() < sizeof(T)) throw Error(Cause::kInput, file + " ends within a piece");
  T value;
  std::memcpy(&value, rest.data(), sizeof(T));
  rest.remove_prefix(sizeof(T));
  return value;
}

// A code point as llama2.c cuts text: a byte, and up to three that continue it.
std::string_view FirstCharacter(std::string_view text) {
  size_t bytes = 1;
  while (bytes < text.size() && bytes < 4 && ContinuesCharacter(text[bytes])) ++bytes;
  return text.substr(0, bytes);
}

TokenFacts FactsOf(int64_t pieces) {
  return {.vocabulary = pieces,
          .end_of_text = kEnd,
          .begin_of_text = kBegin,
          .special = {kUnknown, kBegin, kEnd},
          .before = {kBegin}};
}

}  // namespace

Llama2cTokenizer::Llama2cTokenizer(const fs::path& path)
    : Llama2cTokenizer(path.native(), ReadTextFile(path)) {}

Llama2cTokenizer::Llama2cTokenizer(const std::string& file, std::string content)
    : Llama2cTokenizer(content, ReadPieces(file, content)) {}

Llama2cTokenizer::Llama2cTokenizer(std::string content, std::vector<Piece> pieces)
    : Tokenizer(FactsOf(static_cast<int64_t>(pieces.size()))),
      content_(std::move(content)),
      pieces_(std::move(pieces)) {
  for (size_t i = kFirstByte; i < pieces_.size(); ++i) {
    tokens_.emplace(pieces_[i].text, static_cast<int32_t>(i));
  }
  has_bytes_ = pieces_.size() >= kFirstByte + kBytes;
  for (int32_t byte = 0; has_bytes_ && byte < kBytes; ++byte) {
    const std::string& text = pieces_[static_cast<size_t>(kFirstByte + byte)].text;
    has_bytes_ = text == fmt::format("<0x{:02X}>", byte);
  }
  FindMerges();
}

std::vector<Llama2cTokenizer::Piece> Llama2cTokenizer::ReadPieces(const std::string& file,
                                                                  std::string_view content) {
  TakeNumber<uint32_t>(content, file);  // longest piece: for those who reserve memory
  std::vector<Piece> pieces;
  while (!content.empty()) {
    const auto score = TakeNumber<float>(content, file);
    const auto size = TakeNumber<int32_t>(content, file);
    if (size < 0 || size > kLongestPiece || static_cast<size_t>(size) > content.size() ||
        std::isnan(score)) {
      throw Error(Cause::kInput,
                  fmt::format("{} is no tokenizer of llama2.c: its piece {} has {} bytes and the "
                              "score {}, with {} bytes left in the file",
                              file, pieces.size(), size, score, content.size()));
    }
    pieces.push_back({std::string(content.substr(0, static_cast<size_t>(size))), score});
    content.remove_prefix(static_cast<size_t>(size));
  }
  if (pieces.size() <= kFirstByte || pieces.size() > kLargestToken) {
    throw Error(Cause::kInput, fmt::format("{} is no tokenizer of llama2.c: it has {} pieces", file,
                                           pieces.size()));
  }
  return pieces;
}

void Llama2cTokenizer::FindMerges() {
  std::vector<ScoredPiece> pieces;
  for (const auto& [text, token] : tokens_) {
    pieces.push_back({text, token, pieces_[static_cast<size_t>(token)].score});
  }
  merges_ = MergesByScore(pieces, [&](std::string_view text) {
    const auto found = tokens_.find(text);
    return found == tokens_.end() ? -1 : found->second;
  });
}

void Llama2cTokenizer::PutCharacter(std::string_view character,
                                    std::vector<int32_t>& tokens) const {
  if (const auto found = tokens_.find(character); found != tokens_.end()) {
    tokens.push_back(found->second);
  } else if (has_bytes_) {
    for (const char byte : character)
      tokens.push_back(kFirstByte + static_cast<unsigned char>(byte));
  } else {
    tokens.push_back(kUnknown);
  }
}

void Llama2cTokenizer::Encode(std::string_view text, std::vector<int32_t>& out) const {
  if (text.empty()) return;
  std::vector<int32_t> tokens;
  PutCharacter(" ", tokens);
  while (!text.empty()) {
    const std::string_view character = FirstCharacter(text);
    text.remove_prefix(character.size());
    PutCharacter(character, tokens);
  }
  MergeMemory memory;
  merges_.Apply(tokens, memory);
  out.insert(out.end(), tokens.begin(), tokens.end());
}

std::string Llama2cTokenizer::Decode(std::span<const int32_t> tokens) const {
  std::string text;
  for (const int32_t token : tokens) {
    UPCYCLE_CHECK(token >= 0 && token < Vocabulary());
    if (token < kFirstByte) continue;
    if (has_bytes_ && token < kFirstByte + kBytes) {
      text += static_cast<char>(token - kFirstByte);
    } else {
      text += pieces_[static_cast<size_t>(token)].text;
    }
  }
  if (text.starts_with(' ')) text.erase(0, 1);
  return text;
}

size_t Llama2cTokenizer::CutAfter(std::string_view text, size_t /*least*/) const {
  return text.size();
}

Tokenizer::Files Llama2cTokenizer::FilesToSave() const { return {{kLlama2cTokenizer, content_}}; }

}  // namespace upcycle
