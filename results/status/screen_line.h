// One line of a terminal, piece by piece.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "results/tables/table.h"

namespace upcycle {

class ScreenLine {
 public:
  // Control characters and those that turn the direction of writing do nothing.
  ScreenLine& Add(std::string_view text, Tone tone = Tone::kPlain);
  // In exactly so many columns: cut with …, or filled with blanks.
  ScreenLine& AddFitted(std::string_view text, size_t columns, Tone tone = Tone::kPlain);

  // Cut where it is wider than `columns`.
  std::string Text(size_t columns, bool color) const;

 private:
  std::vector<std::pair<std::string, Tone>> pieces_;
};

}  // namespace upcycle
