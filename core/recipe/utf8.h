// What little a recipe needs to know about UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace upcycle {

// Code points of valid UTF-8; any other byte counts as one.
size_t CountCharacters(std::string_view text);

// Bytes of the first `characters` code points, or of all of the text if it has fewer.
size_t BytesOfCharacters(std::string_view text, size_t characters);

// The first byte that is not part of valid UTF-8 (RFC 3629), or is a control character other than
// tab, line feed and a carriage return before a line feed; text.size() if there is none.
size_t FindUnreadable(std::string_view text);

}  // namespace upcycle
