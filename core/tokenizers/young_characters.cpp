#include "core/tokenizers/young_characters.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "core/check.h"
#include "core/tokenizers/unicode.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

enum class Kind { kLetter, kUpperCase, kLowerCase, kDigit, kNumber, kMark, kPunctuation, kSymbol };

struct Range {
  uint32_t first;
  uint32_t last;
  Kind kind;
};

// What Unicode 15.0, 15.1 and 16.0 added to 14.0, in ascending order.
constexpr Range kYoung[] = {
    {0x897, 0x897, Kind::kMark},
    {0xCF3, 0xCF3, Kind::kMark},
    {0xECE, 0xECE, Kind::kMark},
    {0x1B4E, 0x1B4F, Kind::kPunctuation},
    {0x1B7F, 0x1B7F, Kind::kPunctuation},
    {0x1C89, 0x1C89, Kind::kUpperCase},
    {0x1C8A, 0x1C8A, Kind::kLowerCase},
    {0x2427, 0x2429, Kind::kSymbol},
    {0x2FFC, 0x2FFF, Kind::kSymbol},
    {0x31E4, 0x31E5, Kind::kSymbol},
    {0x31EF, 0x31EF, Kind::kSymbol},
    {0xA7CB, 0xA7CC, Kind::kUpperCase},
    {0xA7CD, 0xA7CD, Kind::kLowerCase},
    {0xA7DA, 0xA7DA, Kind::kUpperCase},
    {0xA7DB, 0xA7DB, Kind::kLowerCase},
    {0xA7DC, 0xA7DC, Kind::kUpperCase},
    {0x105C0, 0x105F3, Kind::kLetter},
    {0x10D40, 0x10D49, Kind::kDigit},
    {0x10D4A, 0x10D4F, Kind::kLetter},
    {0x10D50, 0x10D65, Kind::kUpperCase},
    {0x10D69, 0x10D6D, Kind::kMark},
    {0x10D6E, 0x10D6E, Kind::kPunctuation},
    {0x10D6F, 0x10D6F, Kind::kLetter},
    {0x10D70, 0x10D85, Kind::kLowerCase},
    {0x10D8E, 0x10D8F, Kind::kSymbol},
    {0x10EC2, 0x10EC4, Kind::kLetter},
    {0x10EFC, 0x10EFF, Kind::kMark},
    {0x1123F, 0x11240, Kind::kLetter},
    {0x11241, 0x11241, Kind::kMark},
    {0x11380, 0x11389, Kind::kLetter},
    {0x1138B, 0x1138B, Kind::kLetter},
    {0x1138E, 0x1138E, Kind::kLetter},
    {0x11390, 0x113B5, Kind::kLetter},
    {0x113B7, 0x113B7, Kind::kLetter},
    {0x113B8, 0x113C0, Kind::kMark},
    {0x113C2, 0x113C2, Kind::kMark},
    {0x113C5, 0x113C5, Kind::kMark},
    {0x113C7, 0x113CA, Kind::kMark},
    {0x113CC, 0x113D0, Kind::kMark},
    {0x113D1, 0x113D1, Kind::kLetter},
    {0x113D2, 0x113D2, Kind::kMark},
    {0x113D3, 0x113D3, Kind::kLetter},
    {0x113D4, 0x113D5, Kind::kPunctuation},
    {0x113D7, 0x113D8, Kind::kPunctuation},
    {0x113E1, 0x113E2, Kind::kMark},
    {0x116D0, 0x116E3, Kind::kDigit},
    {0x11B00, 0x11B09, Kind::kPunctuation},
    {0x11BC0, 0x11BE0, Kind::kLetter},
    {0x11BE1, 0x11BE1, Kind::kPunctuation},
    {0x11BF0, 0x11BF9, Kind::kDigit},
    {0x11F00, 0x11F01, Kind::kMark},
    {0x11F02, 0x11F02, Kind::kLetter},
    {0x11F03, 0x11F03, Kind::kMark},
    {0x11F04, 0x11F10, Kind::kLetter},
    {0x11F12, 0x11F33, Kind::kLetter},
    {0x11F34, 0x11F3A, Kind::kMark},
    {0x11F3E, 0x11F42, Kind::kMark},
    {0x11F43, 0x11F4F, Kind::kPunctuation},
    {0x11F50, 0x11F59, Kind::kDigit},
    {0x11F5A, 0x11F5A, Kind::kMark},
    {0x1342F, 0x1342F, Kind::kLetter},
    {0x13440, 0x13440, Kind::kMark},
    {0x13441, 0x13446, Kind::kLetter},
    {0x13447, 0x13455, Kind::kMark},
    {0x13460, 0x143FA, Kind::kLetter},
    {0x16100, 0x1611D, Kind::kLetter},
    {0x1611E, 0x1612F, Kind::kMark},
    {0x16130, 0x16139, Kind::kDigit},
    {0x16D40, 0x16D6C, Kind::kLetter},
    {0x16D6D, 0x16D6F, Kind::kPunctuation},
    {0x16D70, 0x16D79, Kind::kDigit},
    {0x18CFF, 0x18CFF, Kind::kLetter},
    {0x1B132, 0x1B132, Kind::kLetter},
    {0x1B155, 0x1B155, Kind::kLetter},
    {0x1CC00, 0x1CCEF, Kind::kSymbol},
    {0x1CCF0, 0x1CCF9, Kind::kDigit},
    {0x1CD00, 0x1CEB3, Kind::kSymbol},
    {0x1D2C0, 0x1D2D3, Kind::kNumber},
    {0x1DF25, 0x1DF2A, Kind::kLowerCase},
    {0x1E030, 0x1E06D, Kind::kLetter},
    {0x1E08F, 0x1E08F, Kind::kMark},
    {0x1E4D0, 0x1E4EB, Kind::kLetter},
    {0x1E4EC, 0x1E4EF, Kind::kMark},
    {0x1E4F0, 0x1E4F9, Kind::kDigit},
    {0x1E5D0, 0x1E5ED, Kind::kLetter},
    {0x1E5EE, 0x1E5EF, Kind::kMark},
    {0x1E5F0, 0x1E5F0, Kind::kLetter},
    {0x1E5F1, 0x1E5FA, Kind::kDigit},
    {0x1E5FF, 0x1E5FF, Kind::kPunctuation},
    {0x1F6DC, 0x1F6DC, Kind::kSymbol},
    {0x1F774, 0x1F776, Kind::kSymbol},
    {0x1F77B, 0x1F77F, Kind::kSymbol},
    {0x1F7D9, 0x1F7D9, Kind::kSymbol},
    {0x1F8B2, 0x1F8BB, Kind::kSymbol},
    {0x1F8C0, 0x1F8C1, Kind::kSymbol},
    {0x1FA75, 0x1FA77, Kind::kSymbol},
    {0x1FA87, 0x1FA89, Kind::kSymbol},
    {0x1FA8F, 0x1FA8F, Kind::kSymbol},
    {0x1FAAD, 0x1FAAF, Kind::kSymbol},
    {0x1FABB, 0x1FABF, Kind::kSymbol},
    {0x1FAC6, 0x1FAC6, Kind::kSymbol},
    {0x1FACE, 0x1FACF, Kind::kSymbol},
    {0x1FADA, 0x1FADC, Kind::kSymbol},
    {0x1FADF, 0x1FADF, Kind::kSymbol},
    {0x1FAE8, 0x1FAE9, Kind::kSymbol},
    {0x1FAF7, 0x1FAF8, Kind::kSymbol},
    {0x1FBCB, 0x1FBEF, Kind::kSymbol},
    {0x2B739, 0x2B739, Kind::kLetter},
    {0x2EBF0, 0x2EE5D, Kind::kLetter},
    {0x31350, 0x323AF, Kind::kLetter},
};

// A character that Unicode has long known, of the same kind and with the same number of bytes.
uint32_t OldOne(Kind kind, size_t bytes) {
  const bool long_one = bytes == 4;
  switch (kind) {
    case Kind::kLetter:
      return long_one ? 0x20000 : 0x4E00;
    case Kind::kUpperCase:
      return long_one ? 0x10400 : 0x10A0;
    case Kind::kLowerCase:
      return long_one ? 0x10428 : 0x1E01;
    case Kind::kDigit:
      return long_one ? 0x104A0 : 0x0966;
    case Kind::kNumber:
      return long_one ? 0x10107 : 0x2160;
    case Kind::kMark:
      return long_one ? 0x10A01 : 0x0900;
    case Kind::kPunctuation:
      return long_one ? 0x10100 : 0x3001;
    case Kind::kSymbol:
      return long_one ? 0x1F300 : 0x2190;
  }
  return 0;
}

// Whether a young character may begin with the byte: one of three bytes that begins like one of
// the few such, or one of four.
bool MayBegin(unsigned char byte) {
  return byte >= 0xF0 || byte == 0xEA || (byte >= 0xE0 && byte <= 0xE3);
}

const Range* FindYoung(uint32_t code_point) {
  const auto found = std::ranges::lower_bound(kYoung, code_point, {}, &Range::last);
  return found != std::end(kYoung) && found->first <= code_point ? found : nullptr;
}

}  // namespace

std::optional<std::string> WithoutYoungCharacters(std::string_view text) {
  std::optional<std::string> replaced;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!MayBegin(static_cast<unsigned char>(text[at]))) continue;
    const DecodedCharacter character = DecodeCharacter(text.substr(at));
    const Range* range = FindYoung(character.code_point);
    if (range == nullptr) continue;
    if (!replaced) replaced = std::string(text);
    std::string old;
    AppendUtf8(OldOne(range->kind, character.bytes), old);
    UPCYCLE_CHECK_EQ(old.size(), character.bytes);
    replaced->replace(at, old.size(), old);
  }
  return replaced;
}

}  // namespace upcycle
