#include "core/tokenizers/unicode.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <utf8proc.h>

#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

bool IsAscii(char byte) { return static_cast<unsigned char>(byte) < 0x80; }

utf8proc_option_t OptionsOf(NormalForm form) {
  int options = UTF8PROC_STABLE;
  const bool composed = form == NormalForm::kComposed || form == NormalForm::kCompatibleComposed;
  options |= composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  const bool compatible =
      form == NormalForm::kCompatibleComposed || form == NormalForm::kCompatibleDecomposed;
  if (compatible) options |= UTF8PROC_COMPAT;
  return static_cast<utf8proc_option_t>(options);
}

void AppendNormalized(std::string_view text, utf8proc_option_t options, std::string& out) {
  utf8proc_uint8_t* mapped = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &mapped, options);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (size < 0) {
    const Cause cause = size == UTF8PROC_ERROR_NOMEM ? Cause::kMemory : Cause::kBug;
    throw Error(cause, fmt::format("text cannot be normalised: {}", utf8proc_errmsg(size)));
  }
  out.append(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
}

// The bytes that a character beginning with `lead` has, and what its second byte must lie in
// (Unicode, table 3-7); 0 bytes where no character begins so.
struct Lead {
  size_t bytes = 0;
  unsigned char lowest = 0x80;
  unsigned char highest = 0xBF;
};

Lead LeadOf(unsigned char lead) {
  if (lead < 0x80) return {1};
  if (lead < 0xC2) return {};
  if (lead < 0xE0) return {2};
  if (lead == 0xE0) return {3, 0xA0};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3};
  if (lead == 0xF0) return {4, 0x90};
  if (lead < 0xF4) return {4};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {};
}

// How many bytes at the beginning of `bytes`, which is not empty, are one character, or the longest
// beginning of one.
struct Subpart {
  size_t bytes = 0;
  bool whole = false;
};

Subpart FirstSubpart(std::string_view bytes) {
  const Lead lead = LeadOf(static_cast<unsigned char>(bytes[0]));
  if (lead.bytes == 0) return {1, false};
  for (size_t i = 1; i < lead.bytes; ++i) {
    if (i == bytes.size()) return {i, false};
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const unsigned char lowest = i == 1 ? lead.lowest : 0x80;
    const unsigned char highest = i == 1 ? lead.highest : 0xBF;
    if (byte < lowest || byte > highest) return {i, false};
  }
  return {lead.bytes, true};
}

}  // namespace

std::string Normalized(std::string_view text, NormalForm form) {
  const utf8proc_option_t options = OptionsOf(form);
  std::string out;
  out.reserve(text.size());
  size_t at = 0;
  while (at < text.size()) {
    size_t begin = at;
    while (begin < text.size() && IsAscii(text[begin])) ++begin;
    if (begin == text.size()) {
      out.append(text.substr(at));
      break;
    }
    // No ASCII character changes or joins what stands before it; the one before a run of others
    // may take an accent from them.
    if (begin > at) --begin;
    out.append(text.substr(at, begin - at));
    size_t end = begin + 1;
    while (end < text.size() && !IsAscii(text[end])) ++end;
    AppendNormalized(text.substr(begin, end - begin), options, out);
    at = end;
  }
  return out;
}

std::string Lowercased(std::string_view text) {
  constexpr uint32_t kCapitalIWithDot = 0x130;  // the only one that becomes two characters
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const DecodedCharacter character = DecodeCharacter(text);
    text.remove_prefix(std::max<size_t>(character.bytes, 1));
    if (character.code_point == kCapitalIWithDot) {
      out += "i\u0307";
    } else {
      const auto lower = utf8proc_tolower(static_cast<utf8proc_int32_t>(character.code_point));
      AppendUtf8(static_cast<uint32_t>(lower), out);
    }
  }
  return out;
}

bool IsWhitespace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool IsNumber(uint32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
         category == UTF8PROC_CATEGORY_NO;
}

bool IsPunctuation(uint32_t code_point) {
  if (code_point < 0x80) return std::ispunct(static_cast<int>(code_point)) != 0;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

void AppendUtf8(uint32_t c, std::string& out) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6)), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

std::string ReplaceInvalidUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t valid = ValidUtf8Prefix(bytes);
    text.append(bytes.substr(0, valid));
    bytes.remove_prefix(valid);
    if (bytes.empty()) break;
    text += kReplacementCharacter;
    bytes.remove_prefix(FirstSubpart(bytes).bytes);
  }
  return text;
}

}  // namespace upcycle
