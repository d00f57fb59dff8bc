// Texts that the build puts into the program: upcycle_embed_texts (core/embed_texts.cmake).
#pragma once

#include <string_view>

namespace upcycle {

// A file, or several one behind the other, as they were when the program was built.
struct EmbeddedText {
  std::string_view text;
  std::string_view sha256;  // of the text, in 64 hexadecimal digits
};

}  // namespace upcycle
