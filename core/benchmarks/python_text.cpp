#include "core/benchmarks/python_text.h"

#include <clocale>
#include <cstdint>
#include <cwctype>
#include <memory>

#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

bool IsSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

void AppendCharacter(uint32_t c, std::string& out) {
  const auto byte = [&](uint32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | c >> 6);
    byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12);
    byte(0x80 | (c >> 6 & 0x3F));
    byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | c >> 18);
    byte(0x80 | (c >> 12 & 0x3F));
    byte(0x80 | (c >> 6 & 0x3F));
    byte(0x80 | (c & 0x3F));
  }
}

// Unicode's letters as the C library knows them, whatever the environment says.
class UnicodeLetters {
 public:
  UnicodeLetters() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ == nullptr) {
      throw Error(Cause::kInput,
                  "this system's C library has no locale C.UTF-8, without which capital letters "
                  "beyond ASCII are not known; install one (Debian: libc-bin)");
    }
  }
  ~UnicodeLetters() { freelocale(locale_); }
  UnicodeLetters(const UnicodeLetters&) = delete;
  UnicodeLetters& operator=(const UnicodeLetters&) = delete;

  uint32_t Capital(uint32_t c) const { return static_cast<uint32_t>(towupper_l(c, locale_)); }
  uint32_t Small(uint32_t c) const { return static_cast<uint32_t>(towlower_l(c, locale_)); }

 private:
  locale_t locale_;
};

}  // namespace

std::string_view StripLeft(std::string_view text) {
  while (!text.empty()) {
    const DecodedCharacter first = DecodeCharacter(text);
    if (first.bytes == 0 || !IsSpace(first.code_point)) break;
    text.remove_prefix(first.bytes);
  }
  return text;
}

std::string_view StripRight(std::string_view text) {
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && ContinuesCharacter(text[begin])) --begin;
    const DecodedCharacter last = DecodeCharacter(text.substr(begin));
    if (last.bytes != text.size() - begin || !IsSpace(last.code_point)) break;
    text.remove_suffix(last.bytes);
  }
  return text;
}

std::string_view Strip(std::string_view text) { return StripRight(StripLeft(text)); }

std::string Replace(std::string_view text, std::string_view from, std::string_view to) {
  std::string replaced;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    replaced += text.substr(0, at);
    replaced += to;
    text.remove_prefix(at + from.size());
  }
  return replaced += text;
}

std::string Capitalize(std::string_view text) {
  const UnicodeLetters letters;
  std::string capitalized;
  while (!text.empty()) {
    const DecodedCharacter next = DecodeCharacter(text);
    if (next.bytes == 0) break;
    AppendCharacter(
        capitalized.empty() ? letters.Capital(next.code_point) : letters.Small(next.code_point),
        capitalized);
    text.remove_prefix(next.bytes);
  }
  return capitalized += text;
}

}  // namespace upcycle
