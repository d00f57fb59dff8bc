// Hugging Face's tokenizers hand their patterns to Oniguruma in Ruby's syntax; ours go to PCRE2.
// Where the two read the same text in two ways, this writes what PCRE2 must be given.
#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// Characters as Unicode's White_Space has them, for use inside a class of PCRE2 (\s of PCRE2 also
// has U+180E).
inline constexpr std::string_view kWhitespaceClass =
    R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

// The pattern in PCRE2's syntax, for UTF, UCP and MULTILINE. Throws Error(kInput) that names the
// construct for what is not known to mean the same in both: sets within sets, POSIX brackets,
// backreferences, options inside a pattern, \h, \R, \X, \G, \K, \Z and rarer things.
std::string TranslateRegex(std::string_view oniguruma);

}  // namespace upcycle
