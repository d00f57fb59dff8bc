// What Unicode says about characters, as far as tokenizers ask. Text is valid UTF-8 unless a
// function says otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace upcycle {

inline constexpr std::string_view kReplacementCharacter = "\uFFFD";

enum class NormalForm { kComposed, kDecomposed, kCompatibleComposed, kCompatibleDecomposed };

// NFC, NFD, NFKC or NFKD.
std::string Normalized(std::string_view text, NormalForm form);

// Character by character, without regard to their neighbours (a final sigma is any sigma).
std::string Lowercased(std::string_view text);

bool IsWhitespace(uint32_t code_point);   // the property White_Space
bool IsNumber(uint32_t code_point);       // the categories Nd, Nl and No
bool IsPunctuation(uint32_t code_point);  // the categories P*, and ASCII's symbols

void AppendUtf8(uint32_t code_point, std::string& out);

// Any bytes: what is no UTF-8 becomes U+FFFD, one for each longest beginning of a character, as
// Unicode recommends and as Rust and Python do it.
std::string ReplaceInvalidUtf8(std::string_view bytes);

}  // namespace upcycle
