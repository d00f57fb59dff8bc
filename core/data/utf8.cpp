#include "core/data/utf8.h"

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

}  // namespace upcycle
