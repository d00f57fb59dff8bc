// Our tokenizers as Hugging Face's `tokenizers` library reads them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace upcycle {

// What both kinds call the token between documents.
inline constexpr std::string_view kEndOfText = "<|endoftext|>";

// A piece of a sentencepiece model. Spaces are written as U+2581.
struct BpePiece {
  std::string text;
  float score = 0;         // higher merges first
  bool mergeable = false;  // an ordinary piece: neither a byte nor a control symbol
};

// Byte-level BPE without merges: token b is byte b, and 256 is end of text.
std::string ByteTokenizerJson();

// BPE with byte fallback and the merges that the pieces imply. It encodes as our BpeTokenizer does,
// but for text that holds U+2581 itself or end-of-text's name (they mean a space and the token
// there), or bytes that are no UTF-8.
std::string BpeTokenizerJson(std::span<const BpePiece> pieces);

// The keys of tokenizer_config.json.
nlohmann::json HuggingFaceTokenizerConfig();

}  // namespace upcycle
