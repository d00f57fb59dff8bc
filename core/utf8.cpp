#include "core/utf8.h"

#include <algorithm>

#include <boost/locale/utf.hpp>

namespace upcycle {

DecodedCharacter DecodeCharacter(std::string_view text) {
  namespace utf = boost::locale::utf;
  const char* next = text.data();
  const utf::code_point decoded = utf::utf_traits<char>::decode(next, text.data() + text.size());
  if (decoded == utf::illegal || decoded == utf::incomplete) return {};
  return {decoded, static_cast<size_t>(next - text.data())};
}

size_t ValidUtf8Prefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const DecodedCharacter character = DecodeCharacter(text.substr(at));
    if (character.bytes == 0) break;
    at += character.bytes;
  }
  return at;
}

size_t CountCharacters(std::string_view text) {
  return text.size() - static_cast<size_t>(std::ranges::count_if(text, ContinuesCharacter));
}

size_t BytesOfCharacters(std::string_view text, size_t characters) {
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (ContinuesCharacter(text[i])) continue;
    if (characters == 0) return i;
    --characters;
  }
  return i;
}

}  // namespace upcycle
