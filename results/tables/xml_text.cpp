#include "results/tables/xml_text.h"

#include <cstdint>

#include "core/utf8.h"
#include "results/tables/writing_direction.h"

namespace upcycle {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// XML 1.0, section 2.2.
bool IsAllowed(uint32_t code) {
  return code >= 0x20 && !(code >= 0x7F && code < 0xA0) && code != 0xFFFE && code != 0xFFFF &&
         !TurnsDirection(code);
}

std::string_view Entity(char letter) {
  switch (letter) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string XmlText(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const DecodedCharacter character = DecodeCharacter(text);
    const size_t bytes = character.bytes == 0 ? 1 : character.bytes;
    const char first = text.front();
    if (first == '\t' || first == '\n' || first == '\r') {
      escaped += ' ';
    } else if (character.bytes == 0 || !IsAllowed(character.code_point)) {
      escaped += kReplacement;
    } else if (const std::string_view entity = Entity(first); !entity.empty()) {
      escaped += entity;
    } else {
      escaped += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return escaped;
}

}  // namespace upcycle
