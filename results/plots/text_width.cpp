#include "results/plots/text_width.h"

#include <vector>

#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr double kUsual = 0.7;
constexpr double kWide = 1.0;  // ideographs, emoji, arrows

// Of the characters from ' ' to '~', in thousandths.
constexpr int kAscii[] = {
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361,  318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635,  611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352,  635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592,  525, 636, 337, 636, 838};
static_assert(std::size(kAscii) == '~' - ' ' + 1);

struct Letter {
  size_t bytes = 1;
  double width = kUsual;
};

Letter FirstLetter(std::string_view text) {
  const DecodedCharacter character = DecodeCharacter(text);
  if (character.bytes == 0) return {};
  const uint32_t code = character.code_point;
  if (code >= ' ' && code <= '~') return {1, kAscii[code - ' '] / 1000.0};
  return {character.bytes, code >= 0x1100 ? kWide : kUsual};
}

}  // namespace

double TextWidth(std::string_view text) {
  double width = 0;
  while (!text.empty()) {
    const Letter letter = FirstLetter(text);
    width += letter.width;
    text.remove_prefix(letter.bytes);
  }
  return width;
}

std::string Shortened(std::string_view text, double width) {
  if (TextWidth(text) <= width) return std::string(text);
  std::vector<Letter> letters;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(letters.back().bytes)) {
    letters.push_back(FirstLetter(rest));
  }
  // Letters come from both ends in turn, as long as they fit.
  double room = width - kWide;
  size_t first = 0, last = letters.size();
  size_t begin_bytes = 0, end_bytes = 0;
  while (first < last) {
    const bool from_begin = first <= letters.size() - last;
    const Letter& letter = from_begin ? letters[first] : letters[last - 1];
    if (letter.width > room) break;
    room -= letter.width;
    (from_begin ? begin_bytes : end_bytes) += letter.bytes;
    from_begin ? ++first : --last;
  }
  return std::string(text.substr(0, begin_bytes)) + "…" +
         std::string(text.substr(text.size() - end_bytes));
}

}  // namespace upcycle
