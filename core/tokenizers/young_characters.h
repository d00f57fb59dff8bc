// Characters that are younger than the Unicode that PCRE2 of Debian 12 knows (14.0 of 2021). To it
// they are neither letters nor digits nor anything else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace upcycle {

// The text with an older character of the same kind and size (letter of either case or none, digit,
// other number, mark, punctuation, symbol) in the place of each young one, so that a pattern cuts
// it where it cuts the text itself once it knows the character. Nothing where no character is
// young, as in nearly all texts. Up to Unicode 16.0.
std::optional<std::string> WithoutYoungCharacters(std::string_view text);

}  // namespace upcycle
