// Keeping a share of a text apart for validation: contiguous chunks, evenly spread, cut at line
// ends, so that both parts are whole lines of the same text and share none of them.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace upcycle {

// A part of one document.
struct TextSpan {
  size_t document = 0;
  size_t begin = 0;
  size_t end = 0;
  bool held_out = false;
  bool operator==(const TextSpan&) const = default;
};

// Cuts documents into spans, in order, that hold all of their text; about `share` of it is held
// out, in chunks of about 8 KiB. A line that is longer than a chunk is cut at a space, or between
// two characters. At least one line is held out, however small the share.
std::vector<TextSpan> SplitHeldOut(std::span<const std::string_view> documents, double share);

}  // namespace upcycle
