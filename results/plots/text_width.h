// How wide text is, before anybody draws it: by the advance widths of DejaVu Sans, which every
// plotting system has, and which is wider than the fonts that take its place where it is missing.
#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// In units of the font's size. Control characters and what is no UTF-8 count as one letter.
double TextWidth(std::string_view text);

// The text itself if it is no wider than `width`, else its beginning and its end around an "…":
// names of arms often differ in their last letters.
std::string Shortened(std::string_view text, double width);

}  // namespace upcycle
