#include "core/tokenizers/byte_tokenizer.h"

#include "core/check.h"
#include "core/tokenizers/own_folder.h"
#include "core/tokenizers/tokenizer_json.h"

namespace upcycle {
namespace {

constexpr int32_t kBytes = 256;

}  // namespace

ByteTokenizer::ByteTokenizer()
    : Tokenizer({.vocabulary = kBytes + 1, .end_of_text = kBytes, .special = {kBytes}}) {}

void ByteTokenizer::Encode(std::string_view text, std::vector<int32_t>& out) const {
  out.reserve(out.size() + text.size());
  for (const char c : text) out.push_back(static_cast<unsigned char>(c));
}

std::string ByteTokenizer::Decode(std::span<const int32_t> tokens) const {
  std::string text;
  for (const int32_t token : tokens) {
    UPCYCLE_CHECK(token >= 0 && token <= kBytes);
    if (token < kBytes) text += static_cast<char>(token);
  }
  return text;
}

size_t ByteTokenizer::CutAfter(std::string_view text, size_t least) const {
  return CutAfterLine(text, least);
}

Tokenizer::Files ByteTokenizer::FilesToSave() const {
  return OwnFolderFiles(TokenizerKind::kBytes, ByteTokenizerJson(), "");
}

int64_t VocabularyOf(const TokenizerSettings& settings) {
  return settings.kind == TokenizerKind::kBytes ? kBytes + 1 : settings.vocabulary;
}

}  // namespace upcycle
