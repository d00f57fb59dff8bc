#include "results/status/screen_line.h"

#include "results/tables/terminal_text.h"

namespace upcycle {

ScreenLine& ScreenLine::Add(std::string_view text, Tone tone) {
  pieces_.emplace_back(Printable(std::string(text)), tone);
  return *this;
}

ScreenLine& ScreenLine::AddFitted(std::string_view text, size_t columns, Tone tone) {
  std::string fitted = CutToColumns(Printable(std::string(text)), columns);
  const size_t taken = ColumnsOf(fitted);
  pieces_.emplace_back(fitted + std::string(columns - taken, ' '), tone);
  return *this;
}

std::string ScreenLine::Text(size_t columns, bool color) const {
  std::string line;
  size_t left = columns;
  for (const auto& [text, tone] : pieces_) {
    const std::string shown = CutToColumns(text, left);
    line += Colored(shown, tone, color);
    left -= ColumnsOf(shown);
    if (shown != text) break;
  }
  return line;
}

}  // namespace upcycle
