// Our tokenizers as Hugging Face's `tokenizers` library reads them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/tokenizers/piece_model.h"

namespace upcycle {

// What both kinds call the token between documents.
inline constexpr std::string_view kEndOfText = "<|endoftext|>";

// Byte-level BPE without merges: token b is byte b, and 256 is end of text.
std::string ByteTokenizerJson();

// BPE with byte fallback and the merges that the pieces imply. It encodes as our BpeTokenizer does,
// but for text that holds U+2581 itself or end-of-text's name (they mean a space and the token
// there), or bytes that are no UTF-8.
std::string BpeTokenizerJson(std::span<const Piece> pieces);

// The keys of tokenizer_config.json.
nlohmann::json HuggingFaceTokenizerConfig();

}  // namespace upcycle
