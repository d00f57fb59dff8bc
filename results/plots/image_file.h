// A drawing as a file of another form, by rsvg-convert of librsvg: GNOME's renderer of SVG, with
// Pango's text and Cairo's PDF.
#pragma once

#include <optional>
#include <string>

#include "core/enum_names.h"

namespace upcycle {

enum class ImageForm { kSvg, kPng, kPdf };
template <>
struct EnumNames<ImageForm> {
  static constexpr EnumName<ImageForm> values[] = {
      {ImageForm::kSvg, "svg", "for pages of the web: text, and words under the pointer"},
      {ImageForm::kPng, "png", "pixels, 288 an inch"},
      {ImageForm::kPdf, "pdf", "for papers: text in embedded fonts"},
  };
};

// The bytes of the form; for kSvg those of the drawing. The same for the same drawing, renderer and
// fonts: a PDF says that it was made in 1970. Throws Error(kInput) with what to install where the
// renderer is missing.
std::string ImageOf(std::string svg, ImageForm form);

// "rsvg-convert version 2.54.7"; nothing where it is missing.
std::optional<std::string> RendererVersion();

}  // namespace upcycle
